/* The largest value along any axes, int8. */
#ifndef CHIPCAST_REDUCE_MAX_S8_H
#define CHIPCAST_REDUCE_MAX_S8_H

#include <stdint.h>

/* Extents and strides: see reduce.h. */
struct chipcast_reduce_max_s8_params {
    int32_t kept_extent[4];
    int32_t kept_stride[4];
    int32_t reduced_extent[4];
    int32_t reduced_stride[4];
};

/* output: one value for each kept index, in order. input and output must not overlap. */
void chipcast_reduce_max_s8(const struct chipcast_reduce_max_s8_params *p, const int8_t *input, int8_t *output);

#endif
