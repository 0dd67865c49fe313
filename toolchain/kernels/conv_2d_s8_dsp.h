/* 2-D convolution, int8, NHWC, on cores with DSP: any stride, padding and dilation along
 * the height, one group, four output channels or more. */
#ifndef CHIPCAST_CONV_2D_S8_DSP_H
#define CHIPCAST_CONV_2D_S8_DSP_H

#include <stdint.h>

/* `blocks` to `maximum` are explained in byte_pairs_pixels_dsp.h. Taps come in the order of the filter's rows, of
 * each row as many whole groups of four as there are; then what is left of the rows, together rounded up to a
 * group. The input's zero point is in the biases, so padding reads as input_zero_point. A filter of one tap at stride 1
 * may have all its pixels in one row of the image. */
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
    int32_t padding_top;
    int32_t padding_left;
    int32_t input_zero_point;
    const int32_t *blocks;
    int32_t groups;
    int32_t any_sign;
    int32_t minimum;
    int32_t maximum;
};

/* pixels: scratch of groups * 4 words for the taps of two pixels; patch: scratch of the filter's bytes and of
 * twice what is left of its rows, in all rounded up to four, where input_channels is no multiple of four; else
 * unused. Nothing may overlap. */
void chipcast_conv_2d_s8_dsp(const struct chipcast_conv_2d_s8_dsp_params *p, const int8_t *input, int8_t *output,
                             uint32_t *pixels, int8_t *patch);

#endif
