/* 2-D transposed convolution, int8, NHWC: any stride and padding. */
#ifndef CHIPCAST_TRANSPOSE_CONV_S8_H
#define CHIPCAST_TRANSPOSE_CONV_S8_H

#include <stdint.h>

/* Output rows y with the same (y + padding_top) % stride_height meet the same filter rows, and columns
 * likewise: these are the phases, stride_height * stride_width of them. `weights` and `bias` have one part
 * a phase, (0, 0) first, then (0, 1): the weights [output_channels][rows][columns][input_channels], filter
 * rows and columns from the last to the first; the bias with -input_zero_point * (sum of the part's
 * weights) folded in, so what lies outside the image reads as input_zero_point.
 * `requantise_step`: 1 for one multiplier and shift a channel, 0 for one of each. */
struct chipcast_transpose_conv_s8_params {
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
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t activation_min;
    int32_t activation_max;
    int32_t requantise_step;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
};

/* patch: scratch of the largest phase's rows * columns * input_channels bytes. No two of the three may
 * overlap. */
void chipcast_transpose_conv_s8(const struct chipcast_transpose_conv_s8_params *p, const int8_t *input,
                                int8_t *output, int8_t *patch);

#endif
