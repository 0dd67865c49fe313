/* Images of another size: each pixel is a copy of an input pixel. */
#ifndef CHIPCAST_RESIZE_NEAREST_NEIGHBOR_S8_H
#define CHIPCAST_RESIZE_NEAREST_NEIGHBOR_S8_H

#include <stdint.h>

/* `rows` and `columns` hold the input row of each output row, and the same for columns. */
struct chipcast_resize_nearest_neighbor_s8_params {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t channels;
    int32_t output_height;
    int32_t output_width;
    const int16_t *rows;
    const int16_t *columns;
};

/* input and output must not overlap. */
void chipcast_resize_nearest_neighbor_s8(const struct chipcast_resize_nearest_neighbor_s8_params *p,
                                         const int8_t *input, int8_t *output);

#endif
