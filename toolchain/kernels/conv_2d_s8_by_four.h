/* Convolution, int8, on cores with eight registers for data (Armv6-M): four channels at a time, which are all
 * that fit. Weights and values are unsigned, since only unsigned bytes can be loaded from constant offsets. */
#ifndef CHIPCAST_CONV_2D_S8_BY_FOUR_H
#define CHIPCAST_CONV_2D_S8_BY_FOUR_H

#include <stdint.h>

/* `weights` is [blocks of four channels][taps][4], plus 128; the constants in `table` are for sums of weights
 * times values plus 128. Blocks are whole: where the channels are no multiple of four,
 * the second begins within the first. `table` has the channels in the order of the blocks, see short_stage.h. */
struct chipcast_conv_2d_s8_by_four_params {
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
    const uint8_t *weights;
    int32_t stage_kind;
    const int32_t *table;
    const int8_t *shift;
    int32_t activation_min;
    int32_t activation_max;
};

/* `patch` has room for one pixel's window. */
void chipcast_conv_2d_s8_by_four(const struct chipcast_conv_2d_s8_by_four_params *p, const int8_t *input,
                                int8_t *output, int8_t *patch);

#endif
