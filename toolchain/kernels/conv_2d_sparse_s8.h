/* 2-D convolution, int8, NHWC, weight by weight that is not zero: any stride, padding and dilation along the height,
 * one group. For cores without DSP instructions. */
#ifndef CHIPCAST_CONV_2D_SPARSE_S8_H
#define CHIPCAST_CONV_2D_SPARSE_S8_H

#include <stdint.h>

/* `weights` are pairs of bytes, a tap's index within its run of 256 taps and a weight, an even number of pairs for
 * every run of every channel: twice what `counts` has, `runs` of them a channel. `stage_kind` to `activation_max` are
 * explained in short_stage.h. The input's zero point is in the table, so padding reads as input_zero_point.
 * `pointwise`: whether pixels are read where they lie, since the filter has one tap and moves by one. */
struct chipcast_conv_2d_sparse_s8_params {
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
    int32_t pointwise;
    int32_t runs;
    const int8_t *weights;
    const uint8_t *counts;
    int32_t stage_kind;
    const int32_t *table;
    const int8_t *shift;
    int32_t activation_min;
    int32_t activation_max;
};

/* patch: scratch of four times the filter's bytes, unless pointwise. Pixels are read, four at a time, before their
 * outputs are written, unless pointwise. */
void chipcast_conv_2d_sparse_s8(const struct chipcast_conv_2d_sparse_s8_params *p, const int8_t *input,
                                int8_t *output, int8_t *patch);

#endif
