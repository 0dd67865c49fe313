/* 2-D convolution, int16 activations and int8 weights, NHWC: any stride, dilation, padding and number of
 * groups. */
#ifndef CHIPCAST_CONV_2D_S16_H
#define CHIPCAST_CONV_2D_S16_H

#include <stdint.h>

/* `weights` is [output_channels][filter_height][filter_width][input_channels / groups].
 * `accumulator_bits`: 32 or 64, see dot_product_s16.h. `requantise_step`: 1 for one multiplier and shift a
 * channel, 0 for one of each. */
struct chipcast_conv_2d_s16_params {
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
    int32_t accumulator_bits;
    int32_t activation_min;
    int32_t activation_max;
    int32_t requantise_step;
    const int8_t *weights;
    const int64_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
};

/* patch: scratch of filter_height * filter_width * (input_channels / groups) values. No two of the three
 * may overlap. */
void chipcast_conv_2d_s16(const struct chipcast_conv_2d_s16_params *p, const int16_t *input, int16_t *output,
                          int16_t *patch);

#endif
