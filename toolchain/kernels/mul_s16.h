/* Product of two int16 tensors, either of which may be repeated along some axes. */
#ifndef CHIPCAST_MUL_S16_H
#define CHIPCAST_MUL_S16_H

#include <stdint.h>

/* `extent` and the strides: see broadcast.h. */
struct chipcast_mul_s16_params {
    int32_t extent[4];
    int32_t input1_stride[4];
    int32_t input2_stride[4];
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t activation_min;
    int32_t activation_max;
};

/* output may be an input of its size. */
void chipcast_mul_s16(const struct chipcast_mul_s16_params *p, const int16_t *input1, const int16_t *input2,
                      int16_t *output);

#endif
