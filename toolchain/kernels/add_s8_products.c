#include "add_s8_products.h"

#define SHIFT 21

/* x >> SHIFT, saturated to int8_t. */
static inline int8_t saturated(int32_t x)
{
#if defined(__ARM_FEATURE_SAT) && __ARM_FEATURE_SAT
    int32_t byte;
    __asm__("ssat %0, #8, %1, asr #21" : "=r"(byte) : "r"(x));
    return (int8_t)byte;
#else
    const int32_t byte = x >> SHIFT;
    if ((uint32_t)byte + 128u > 255u) {
        return byte < 0 ? -128 : 127;
    }
    return (int8_t)byte;
#endif
}

void chipcast_add_s8_products(const struct chipcast_add_s8_products_params *p, const int8_t *input1,
                              const int8_t *input2, int8_t *output)
{
    const int32_t offset = p->offset, multiplier1 = p->multiplier1, multiplier2 = p->multiplier2;
    int32_t i = p->elements;
    for (; i >= 4; i -= 4) {
        output[0] = saturated(offset + multiplier1 * input1[0] + multiplier2 * input2[0]);
        output[1] = saturated(offset + multiplier1 * input1[1] + multiplier2 * input2[1]);
        output[2] = saturated(offset + multiplier1 * input1[2] + multiplier2 * input2[2]);
        output[3] = saturated(offset + multiplier1 * input1[3] + multiplier2 * input2[3]);
        input1 += 4;
        input2 += 4;
        output += 4;
    }
    for (; i > 0; --i) {
        *output++ = saturated(offset + multiplier1 * *input1++ + multiplier2 * *input2++);
    }
}
