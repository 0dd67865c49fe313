/* Runs of int8 values from one tensor to another, along up to four axes. */
#ifndef CHIPCAST_COPY_S8_H
#define CHIPCAST_COPY_S8_H

#include <stdint.h>

/* `run` values at a time; `extent` runs along each axis, the strides between them in values (an input
 * stride may be negative or 0). */
struct chipcast_copy_s8_params {
    int32_t extent[4];
    int32_t input_stride[4];
    int32_t output_stride[4];
    int32_t run;
};

/* input and output are where the first run starts; the runs must not overlap. */
void chipcast_copy_s8(const struct chipcast_copy_s8_params *p, const int8_t *input, int8_t *output);

#endif
