/* 2-D convolution, int8, NHWC, on cores with DSP, weight by weight that is not zero: any stride, padding and
 * dilation along the height, one group. */
#ifndef CHIPCAST_CONV_2D_SPARSE_S8_DSP_H
#define CHIPCAST_CONV_2D_SPARSE_S8_DSP_H

#include <stdint.h>

/* `weights` are pairs of bytes, a tap's index within its run of 256 taps and a weight, an even number of pairs for
 * every run of every channel: twice what `counts` has, `runs` of them a channel. `bias` to `maximum` are explained
 * in byte_pairs_dsp.h. The input's zero point is in `bias`, so padding reads as input_zero_point. */
struct chipcast_conv_2d_sparse_s8_dsp_params {
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
    int32_t runs;
    const int8_t *weights;
    const uint8_t *counts;
    const int32_t *bias;
    const int32_t *table;
    int32_t any_sign;
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

/* pixels: scratch of a word for every tap. Nothing may overlap, but that pixels are read before their outputs are
 * written. */
void chipcast_conv_2d_sparse_s8_dsp(const struct chipcast_conv_2d_sparse_s8_dsp_params *p, const int8_t *input,
                                    int8_t *output, uint32_t *pixels);

#endif
