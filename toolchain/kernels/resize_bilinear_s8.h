/* Images of another size: each pixel is a weighted mean of up to four input pixels. */
#ifndef CHIPCAST_RESIZE_BILINEAR_S8_H
#define CHIPCAST_RESIZE_BILINEAR_S8_H

#include <stdint.h>

/* Output row y lies at y * row_step + row_offset, in 1/1024 of input rows; columns likewise. */
struct chipcast_resize_bilinear_s8_params {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t channels;
    int32_t output_height;
    int32_t output_width;
    int32_t row_step;
    int32_t row_offset;
    int32_t column_step;
    int32_t column_offset;
};

/* input and output must not overlap. */
void chipcast_resize_bilinear_s8(const struct chipcast_resize_bilinear_s8_params *p, const int8_t *input,
                                 int8_t *output);

#endif
