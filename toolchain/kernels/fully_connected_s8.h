/* Fully connected layer, int8: FULLY_CONNECTED, and CONV_2D with a 1x1 filter and stride 1. */
#ifndef CHIPCAST_FULLY_CONNECTED_S8_H
#define CHIPCAST_FULLY_CONNECTED_S8_H

#include <stdint.h>

/* `weights` is [output_channels][input_channels]; `bias` has -input_zero_point * (sum of the row's
 * weights) folded in. `requantise_step`: 1 for one multiplier and shift a channel, 0 for one of each. */
struct chipcast_fully_connected_s8_params {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    int32_t output_zero_point;
    int32_t activation_min;
    int32_t activation_max;
    int32_t requantise_step;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
};

/* input: [rows][input_channels]; output: [rows][output_channels]; they must not overlap. */
void chipcast_fully_connected_s8(const struct chipcast_fully_connected_s8_params *p, const int8_t *input,
                                 int8_t *output);

#endif
