/* 2-D convolution, int8, NHWC, on cores with DSP: 3x3 at stride 1 by Winograd's minimal filtering F(4x4, 3x3)
 * in integers, any padding and number of channels.
 *
 * As winograd_2x2_s8_dsp.h has it, but four by four outputs come of a tile of six by six inputs: 36 products take
 * the place of 144. With
 *
 *   B' = | 4  0 -5  0  1  0 |   G = | 6  0  0 |   A' = | 1 -4 -4  1  1  0 |
 *        | 0 -4 -4  1  1  0 |       | 1  1  1 |        | 0 -4  4  2 -2  0 |
 *        | 0  4 -4 -1  1  0 |       | 1 -1  1 |        | 0 -4 -4  4  4  0 |
 *        | 0 -2 -1  2  1  0 |       | 1  2  4 |        | 0 -4  4  8 -8  4 |
 *        | 0  2 -1 -2  1  0 |       | 1 -2  4 |
 *        | 0  4  0 -5  0  1 |       | 0  0  6 |
 *
 * all is whole, and Y is 24 * 24 = 576 times the sums. It does not fit 32 bits, and need not: Y is right modulo
 * 2^32, 576 is 64 * 9, and 9 has an inverse modulo 2^32. So Y times that inverse is 64 times the sum, where that
 * fits, which toolchain/compile/forms/winograd_4x4.py proves. Nothing is rounded.
 *
 * Inputs count from 0 to 255 (128 more than they are, which is in `bias`), so that tiles (-12750 to 17340) fit
 * 16-bit lanes; transformed filters (up to 49 * 128) do. Two lanes are transformed as one number, high * 2^16 + low,
 * on which additions and shifts do what they do to each; what a negative low lane borrows is given back at the end. */
#ifndef CHIPCAST_WINOGRAD_4X4_S8_DSP_H
#define CHIPCAST_WINOGRAD_4X4_S8_DSP_H

#include <stdint.h>

/* As struct chipcast_winograd_2x2_s8_dsp_params, with 36 places in a tile. */
struct chipcast_winograd_4x4_s8_dsp_params {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t input_channels;
    int32_t output_height;
    int32_t output_width;
    int32_t output_channels;
    int32_t padding_top;
    int32_t padding_left;
    int32_t input_zero_point;
    const int32_t *weights;
    const int32_t *bias;
    const int32_t *table;
    int32_t words;
    int32_t any_sign;
    int32_t zero;
    int32_t minimum;
    int32_t maximum;
};

/* columns: scratch of 12 * (8 * ceil(output_width / 8) + 2) words for each four input channels; tiles: of
 * 72 * words words; sums: of 288; outside: of input_channels bytes. The output may begin before the input by three
 * rows of the output and more (`Overlap` of the form says by how much). */
void chipcast_winograd_4x4_s8_dsp(const struct chipcast_winograd_4x4_s8_dsp_params *p, const int8_t *input,
                                  int8_t *output, uint32_t *columns, uint32_t *tiles, int32_t *sums,
                                  int8_t *outside);

#endif
