/* 2-D convolution, int8, NHWC: any stride, dilation, padding and number of groups. */
#ifndef CHIPCAST_CONV_2D_S8_H
#define CHIPCAST_CONV_2D_S8_H

#include <stdint.h>

/* `weights` is [output_channels][filter_height][filter_width][input_channels / groups]; `bias` has
 * -input_zero_point * (sum of the filter's weights) folded in, so padding reads as input_zero_point.
 * `requantise_step`: 1 for one multiplier and shift a channel, 0 for one of each. */
struct chipcast_conv_2d_s8_params {
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
    int32_t dilation_height;
    int32_t dilation_width;
    int32_t padding_top;
    int32_t padding_left;
    int32_t groups;
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

/* patch: scratch of filter_height * filter_width * (input_channels / groups) bytes. No two of the three
 * may overlap. */
void chipcast_conv_2d_s8(const struct chipcast_conv_2d_s8_params *p, const int8_t *input, int8_t *output,
                         int8_t *patch);

#endif
