/* The smaller of two int8 values, element by element; either tensor may be repeated along some axes. */
#ifndef CHIPCAST_MINIMUM_S8_H
#define CHIPCAST_MINIMUM_S8_H

#include <stdint.h>

/* `extent` and the strides: see broadcast.h. */
struct chipcast_minimum_s8_params {
    int32_t extent[4];
    int32_t input1_stride[4];
    int32_t input2_stride[4];
};

/* output may be an input of its size. */
void chipcast_minimum_s8(const struct chipcast_minimum_s8_params *p, const int8_t *input1, const int8_t *input2,
                         int8_t *output);

#endif
