/* Float to int8 at the edge of a model whose input is float. */
#ifndef CHIPCAST_QUANTIZE_F32_S8_H
#define CHIPCAST_QUANTIZE_F32_S8_H

#include <stdint.h>

struct chipcast_quantize_f32_s8_params {
    int32_t elements;
    float scale;
    int32_t zero_point;
};

/* input: `elements` floats in the machine's byte order, at any address; a NaN counts as 0. output must
 * not overlap input. */
void chipcast_quantize_f32_s8(const struct chipcast_quantize_f32_s8_params *p, const int8_t *input, int8_t *output);

#endif
