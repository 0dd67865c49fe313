/* Sum of two int8 tensors of which one or both are repeated along some axes. */
#ifndef CHIPCAST_ADD_BROADCAST_S8_H
#define CHIPCAST_ADD_BROADCAST_S8_H

#include <stdint.h>

/* `extent` is the output's shape, four axes; the strides are in values, 0 where an input is repeated. */
struct chipcast_add_broadcast_s8_params {
    int32_t extent[4];
    int32_t input1_stride[4];
    int32_t input2_stride[4];
    int32_t input1_zero_point;
    int32_t input1_multiplier;
    int32_t input1_shift;
    int32_t input2_zero_point;
    int32_t input2_multiplier;
    int32_t input2_shift;
    int32_t output_zero_point;
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t activation_min;
    int32_t activation_max;
};

/* output may be an input of its size. */
void chipcast_add_broadcast_s8(const struct chipcast_add_broadcast_s8_params *p, const int8_t *input1,
                               const int8_t *input2, int8_t *output);

#endif
