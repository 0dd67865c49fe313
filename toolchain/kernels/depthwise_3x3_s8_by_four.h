/* Depthwise convolution with a 3x3 filter, int8, on cores without DSP instructions: channel by channel, four
 * outputs of a column at a time. */
#ifndef CHIPCAST_DEPTHWISE_3X3_S8_BY_FOUR_H
#define CHIPCAST_DEPTHWISE_3X3_S8_BY_FOUR_H

#include <stdint.h>

/* One output a channel; `stride` is 1 or 2, both ways; `planes` is 1, or 4 where `channels` is a multiple of 4. `weights` is [channels][3 columns][3 rows]; the constants
 * in `table`, see short_stage.h, are for values plus 128. */
struct chipcast_depthwise_3x3_s8_by_four_params {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t channels;
    int32_t output_height;
    int32_t output_width;
    int32_t stride;
    int32_t padding_top;
    int32_t padding_left;
    int32_t input_zero_point;
    int32_t planes;
    const int8_t *weights;
    int32_t stage_kind;
    const int32_t *table;
    const int8_t *shift;
    int32_t activation_min;
    int32_t activation_max;
};

/* `plane` has room for what the windows of `planes` channels reach over; `output` may be `input`, where it is no
 * larger. */
void chipcast_depthwise_3x3_s8_by_four(const struct chipcast_depthwise_3x3_s8_by_four_params *p,
                                       const int8_t *input, int8_t *output, uint8_t *plane);

#endif
