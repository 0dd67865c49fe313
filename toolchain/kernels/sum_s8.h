/* Sums over any axes, int8, rescaled: SUM and MEAN. */
#ifndef CHIPCAST_SUM_S8_H
#define CHIPCAST_SUM_S8_H

#include <stdint.h>

/* Extents and strides: see reduce.h. `offset` is input_zero_point * (values summed). */
struct chipcast_sum_s8_params {
    int32_t kept_extent[4];
    int32_t kept_stride[4];
    int32_t reduced_extent[4];
    int32_t reduced_stride[4];
    int32_t offset;
    int32_t multiplier;
    int32_t shift;
    int32_t output_zero_point;
};

/* output: one value for each kept index, in order. input and output must not overlap. */
void chipcast_sum_s8(const struct chipcast_sum_s8_params *p, const int8_t *input, int8_t *output);

#endif
