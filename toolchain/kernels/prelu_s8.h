/* PRELU, int8: values below zero are multiplied by slopes, which may be repeated along some axes. */
#ifndef CHIPCAST_PRELU_S8_H
#define CHIPCAST_PRELU_S8_H

#include <stdint.h>

/* `extent` and the strides: see broadcast.h. */
struct chipcast_prelu_s8_params {
    int32_t extent[4];
    int32_t input1_stride[4];
    int32_t input2_stride[4];
    int32_t input_zero_point;
    int32_t alpha_zero_point;
    int32_t output_zero_point;
    int32_t multiplier;
    int32_t shift;
    int32_t alpha_multiplier;
    int32_t alpha_shift;
};

/* output may be an input of its size. */
void chipcast_prelu_s8(const struct chipcast_prelu_s8_params *p, const int8_t *input1, const int8_t *input2,
                       int8_t *output);

#endif
