/* Depthwise 2-D convolution, int16 activations and int8 weights, NHWC: any multiplier, stride, dilation and
 * padding. */
#ifndef CHIPCAST_DEPTHWISE_CONV_2D_S16_H
#define CHIPCAST_DEPTHWISE_CONV_2D_S16_H

#include <stdint.h>

/* `weights` is [filter_height][filter_width][input_channels * depth_multiplier]. Accumulators have 64 bits.
 * `requantise_step`: 1 for one multiplier and shift a channel, 0 for one of each. */
struct chipcast_depthwise_conv_2d_s16_params {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t input_channels;
    int32_t output_height;
    int32_t output_width;
    int32_t depth_multiplier;
    int32_t filter_height;
    int32_t filter_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t dilation_height;
    int32_t dilation_width;
    int32_t padding_top;
    int32_t padding_left;
    int32_t activation_min;
    int32_t activation_max;
    int32_t requantise_step;
    const int8_t *weights;
    const int64_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
};

/* input and output must not overlap. */
void chipcast_depthwise_conv_2d_s16(const struct chipcast_depthwise_conv_2d_s16_params *p, const int16_t *input,
                                    int16_t *output);

#endif
