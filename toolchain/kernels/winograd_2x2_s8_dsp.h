/* 2-D convolution, int8, NHWC, on cores with DSP: 3x3 at stride 1 by Winograd's minimal filtering F(2x2, 3x3)
 * in integers, any padding and number of channels.
 *
 * Two by two outputs come of a tile of four by four inputs d, and of the filter g (S. Winograd, Arithmetic
 * Complexity of Computations, 1980; A. Lavin, S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016):
 *
 *   Y = A' ((G g G') . (B' d B)) A, summed over the input's channels before A, with
 *
 *   B' = | 1  0 -1  0 |   2G = | 2  0  0 |   A' = | 1  1  1  0 |
 *        | 0  1  1  0 |        | 1  1  1 |        | 0  1 -1 -1 |
 *        | 0 -1  1  0 |        | 1 -1  1 |
 *        | 0  1  0 -1 |        | 0  0  2 |
 *
 * 16 products take the place of 36. With 2G in the place of G all is whole, and Y is four times the sums:
 * nothing is rounded, and the output stage shifts the four away. Transformed filters (up to 9 * 128) and tiles
 * (up to 4 * 128) fit 16-bit lanes. Sums may wrap on the way: they are right modulo 2^32, and
 * toolchain/compile/forms/winograd_2x2.py proves that Y fits. */
#ifndef CHIPCAST_WINOGRAD_2X2_S8_DSP_H
#define CHIPCAST_WINOGRAD_2X2_S8_DSP_H

#include <stdint.h>

/* `weights` are the transformed filters: per block of four output channels (rounded up) and place in the tile (row
 * by row), `words` times the lanes of two input channels for each of the four outputs. Input channels come in
 * fours as (0, 2), (1, 3); `words` is a multiple of four, and weights of 0 stand where there is no channel.
 * The input's zero point is in `bias`, so padding reads as input_zero_point. What turns sums into outputs is one
 * of two ways (requantise_dsp.h): saturated (`any_sign` 0): `table` is the multipliers, `zero` the zero point
 * as the form has it; any sign (1): rows of `table` are multiplier, rounding and shift. */
struct chipcast_winograd_2x2_s8_dsp_params {
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

/* columns: scratch of 16 * ceil(output_width / 4) + 8 words for each four input channels; tiles: of 32 * words
 * words; sums: of 128; outside: of input_channels bytes. The output may begin before the input by a row of the
 * output and more (`Overlap` of the form says by how much). */
void chipcast_winograd_2x2_s8_dsp(const struct chipcast_winograd_2x2_s8_dsp_params *p, const int8_t *input,
                                  int8_t *output, uint32_t *columns, uint32_t *tiles, int32_t *sums,
                                  int8_t *outside);

#endif
