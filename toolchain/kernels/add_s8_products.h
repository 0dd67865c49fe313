/* ADD and SUB of two tensors of one shape, int8, in products of 32 bits. */
#ifndef CHIPCAST_ADD_S8_PRODUCTS_H
#define CHIPCAST_ADD_S8_PRODUCTS_H

#include <stdint.h>

/* output = (offset + multiplier1 * input1 + multiplier2 * input2) >> 21, saturated: the compiler has tried all
 * pairs of inputs (toolchain/compile/weighted_sum.py). */
struct chipcast_add_s8_products_params {
    int32_t elements;
    int32_t offset;
    int32_t multiplier1;
    int32_t multiplier2;
};

/* The output may be one of the inputs. */
void chipcast_add_s8_products(const struct chipcast_add_s8_products_params *p, const int8_t *input1,
                              const int8_t *input2, int8_t *output);

#endif
