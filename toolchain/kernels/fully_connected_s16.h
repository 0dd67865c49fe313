/* Fully connected layer, int16 activations and int8 weights: FULLY_CONNECTED, and CONV_2D with a 1x1
 * filter and stride 1. */
#ifndef CHIPCAST_FULLY_CONNECTED_S16_H
#define CHIPCAST_FULLY_CONNECTED_S16_H

#include <stdint.h>

/* `weights` is [output_channels][input_channels]. `accumulator_bits`: 32 or 64, see dot_product_s16.h.
 * `requantise_step`: 1 for one multiplier and shift a channel, 0 for one of each. */
struct chipcast_fully_connected_s16_params {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    int32_t accumulator_bits;
    int32_t activation_min;
    int32_t activation_max;
    int32_t requantise_step;
    const int8_t *weights;
    const int64_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
};

/* input: [rows][input_channels]; output: [rows][output_channels]; they must not overlap. */
void chipcast_fully_connected_s16(const struct chipcast_fully_connected_s16_params *p, const int16_t *input,
                                  int16_t *output);

#endif
