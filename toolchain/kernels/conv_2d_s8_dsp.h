/* 2-D convolution, int8, NHWC, on cores with DSP: any stride, dilation and padding, one group. */
#ifndef CHIPCAST_CONV_2D_S8_DSP_H
#define CHIPCAST_CONV_2D_S8_DSP_H

#include <stdint.h>

/* A pixel's taps, in the order [filter_height][filter_width][input_channels] and rounded up to `groups` of
 * four, are weighted as byte_pairs_dsp.h has it; there `weights` to `maximum` are explained. The input's zero
 * point is in `bias`, so padding reads as input_zero_point. */
struct chipcast_conv_2d_s8_dsp_params {
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
    int32_t input_zero_point;
    const int32_t *weights;
    const int32_t *bias;
    const int32_t *table;
    int32_t groups;
    int32_t any_sign;
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

/* pixels: scratch of groups * 4 words for the taps of two pixels; patch: of groups * 4 bytes, where
 * input_channels is no multiple of four, else unused. Nothing may overlap. */
void chipcast_conv_2d_s8_dsp(const struct chipcast_conv_2d_s8_dsp_params *p, const int8_t *input, int8_t *output,
                             uint32_t *pixels, int8_t *patch);

#endif
