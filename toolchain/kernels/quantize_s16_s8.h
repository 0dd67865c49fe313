/* int16 with zero point 0 to int8 with another scale. */
#ifndef CHIPCAST_QUANTIZE_S16_S8_H
#define CHIPCAST_QUANTIZE_S16_S8_H

#include <stdint.h>

struct chipcast_quantize_s16_s8_params {
    int32_t elements;
    int32_t multiplier;
    int32_t shift;
    int32_t output_zero_point;
};

/* output may start where input does. */
void chipcast_quantize_s16_s8(const struct chipcast_quantize_s16_s8_params *p, const int16_t *input, int8_t *output);

#endif
