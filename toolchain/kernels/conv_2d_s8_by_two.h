/* Convolution, int8, on cores with long multiplications but no DSP instructions: two output pixels and four
 * channels at a time, so that six loads serve eight products. */
#ifndef CHIPCAST_CONV_2D_S8_BY_TWO_H
#define CHIPCAST_CONV_2D_S8_BY_TWO_H

#include <stdint.h>

/* `weights` is [blocks of four channels][taps][4]; blocks are whole: where the channels are no multiple of four,
 * the second begins within the first. `table` has the channels in the order of the blocks, see short_stage.h.
 * `pointwise`: the filter is one tap and no pixel is left out. */
struct chipcast_conv_2d_s8_by_two_params {
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
    int32_t pointwise;
    const int8_t *weights;
    int32_t stage_kind;
    const int32_t *table;
    const int8_t *shift;
    int32_t activation_min;
    int32_t activation_max;
};

/* `patch` has room for two pixels' windows; it is not used for pointwise layers. */
void chipcast_conv_2d_s8_by_two(const struct chipcast_conv_2d_s8_by_two_params *p, const int8_t *input,
                                int8_t *output, int8_t *patch);

#endif
