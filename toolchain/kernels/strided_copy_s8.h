/* Single int8 values from one tensor to another, along up to five axes. */
#ifndef CHIPCAST_STRIDED_COPY_S8_H
#define CHIPCAST_STRIDED_COPY_S8_H

#include <stdint.h>

/* The strides are in values; an input stride may be negative or 0. */
struct chipcast_strided_copy_s8_params {
    int32_t extent[5];
    int32_t input_stride[5];
    int32_t output_stride[5];
};

/* input and output are where the first value lies; they must not overlap. */
void chipcast_strided_copy_s8(const struct chipcast_strided_copy_s8_params *p, const int8_t *input,
                              int8_t *output);

#endif
