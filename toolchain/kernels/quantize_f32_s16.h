/* Float to int16 with zero point 0 at the edge of a model whose input is float. */
#ifndef CHIPCAST_QUANTIZE_F32_S16_H
#define CHIPCAST_QUANTIZE_F32_S16_H

#include <stdint.h>

struct chipcast_quantize_f32_s16_params {
    int32_t elements;
    float scale;
};

/* input: `elements` floats in the machine's byte order, at any address; a NaN counts as 0. output must
 * not overlap input. */
void chipcast_quantize_f32_s16(const struct chipcast_quantize_f32_s16_params *p, const int8_t *input,
                               int16_t *output);

#endif
