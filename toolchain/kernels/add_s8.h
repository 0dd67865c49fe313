/* Element-wise sum of two int8 tensors of the same shape. */
#ifndef CHIPCAST_ADD_S8_H
#define CHIPCAST_ADD_S8_H

#include <stdint.h>

/* Both inputs are brought to one scale with 20 more bits, added, and brought to the output's. */
struct chipcast_add_s8_params {
    int32_t elements;
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

/* output may be one of the inputs. */
void chipcast_add_s8(const struct chipcast_add_s8_params *p, const int8_t *input1, const int8_t *input2,
                     int8_t *output);

#endif
