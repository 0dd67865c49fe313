/* Fully connected layer of one row, int8, on cores with DSP, over the inputs that have a weight which is not zero in
 * a block of four outputs. */
#ifndef CHIPCAST_FULLY_CONNECTED_SPARSE_BLOCKS_S8_DSP_H
#define CHIPCAST_FULLY_CONNECTED_SPARSE_BLOCKS_S8_DSP_H

#include <stdint.h>

/* `weights` and `counts`, with `runs` of them a block, as sparse_pixels_dsp.h has it; `bias` to `maximum` are
 * explained in byte_pairs_dsp.h. The input's zero point is in `bias`. */
struct chipcast_fully_connected_sparse_blocks_s8_dsp_params {
    int32_t output_channels;
    int32_t runs;
    const int32_t *weights;
    const uint8_t *counts;
    const int32_t *bias;
    const int32_t *table;
    int32_t any_sign;
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

/* They must not overlap. */
void chipcast_fully_connected_sparse_blocks_s8_dsp(
    const struct chipcast_fully_connected_sparse_blocks_s8_dsp_params *p, const int8_t *input, int8_t *output);

#endif
