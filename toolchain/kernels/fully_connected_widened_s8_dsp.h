/* Fully connected layer of one row, int8, on cores with DSP: the row is widened first. */
#ifndef CHIPCAST_FULLY_CONNECTED_WIDENED_S8_DSP_H
#define CHIPCAST_FULLY_CONNECTED_WIDENED_S8_DSP_H

#include <stdint.h>

/* Inputs, rounded up to an even number of `groups` of four, are weighted as byte_pairs_dsp.h has it; there
 * `weights` to `maximum` are explained. The input's zero point is in `bias`. */
struct chipcast_fully_connected_widened_s8_dsp_params {
    int32_t input_channels;
    int32_t output_channels;
    const int32_t *weights;
    const int32_t *bias;
    const int32_t *table;
    int32_t groups;
    int32_t any_sign;
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

/* row: scratch of groups * 2 words. Nothing may overlap. */
void chipcast_fully_connected_widened_s8_dsp(const struct chipcast_fully_connected_widened_s8_dsp_params *p,
                                             const int8_t *input, int8_t *output, uint32_t *row);

#endif
