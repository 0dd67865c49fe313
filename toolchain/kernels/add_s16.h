/* Sum of two int16 tensors, either of which may be repeated along some axes. */
#ifndef CHIPCAST_ADD_S16_H
#define CHIPCAST_ADD_S16_H

#include <stdint.h>

/* `extent` and the strides: see broadcast.h. Both inputs are brought to one scale with 15 more bits,
 * added, and brought to the output's. */
struct chipcast_add_s16_params {
    int32_t extent[4];
    int32_t input1_stride[4];
    int32_t input2_stride[4];
    int32_t input1_multiplier;
    int32_t input1_shift;
    int32_t input2_multiplier;
    int32_t input2_shift;
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t activation_min;
    int32_t activation_max;
};

/* output may be an input of its size. */
void chipcast_add_s16(const struct chipcast_add_s16_params *p, const int16_t *input1, const int16_t *input2,
                      int16_t *output);

#endif
