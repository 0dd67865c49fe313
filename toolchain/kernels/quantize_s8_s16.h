/* int8 to int16 with another scale and zero point 0. */
#ifndef CHIPCAST_QUANTIZE_S8_S16_H
#define CHIPCAST_QUANTIZE_S8_S16_H

#include <stdint.h>

struct chipcast_quantize_s8_s16_params {
    int32_t elements;
    int32_t input_zero_point;
    int32_t multiplier;
    int32_t shift;
};

/* input and output must not overlap. */
void chipcast_quantize_s8_s16(const struct chipcast_quantize_s8_s16_params *p, const int8_t *input, int16_t *output);

#endif
