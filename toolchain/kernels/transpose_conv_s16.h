/* 2-D transposed convolution, int16 activations and int8 weights, NHWC: any stride and padding. */
#ifndef CHIPCAST_TRANSPOSE_CONV_S16_H
#define CHIPCAST_TRANSPOSE_CONV_S16_H

#include <stdint.h>

/* Output rows y with the same (y + padding_top) % stride_height meet the same filter rows, and columns
 * likewise: these are the phases, stride_height * stride_width of them. `weights` has one part a phase,
 * (0, 0) first, then (0, 1): [output_channels][rows][columns][input_channels], filter rows and columns from
 * the last to the first. `accumulator_bits`: see dot_product_s16.h. `requantise_step`: 1 for one multiplier
 * and shift a channel, 0 for one of each. */
struct chipcast_transpose_conv_s16_params {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t input_channels;
    int32_t output_height;
    int32_t output_width;
    int32_t output_channels;
    int32_t filter_height;
    int32_t filter_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t padding_top;
    int32_t padding_left;
    int32_t accumulator_bits;
    int32_t activation_min;
    int32_t activation_max;
    int32_t requantise_step;
    const int8_t *weights;
    const int64_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
};

/* patch: scratch of the largest phase's rows * columns * input_channels values. No two of the three may
 * overlap. */
void chipcast_transpose_conv_s16(const struct chipcast_transpose_conv_s16_params *p, const int16_t *input,
                                 int16_t *output, int16_t *patch);

#endif
