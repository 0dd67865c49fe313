/* int16 with zero point 0 to float at the edge of a model whose output is float. */
#ifndef CHIPCAST_DEQUANTIZE_S16_F32_H
#define CHIPCAST_DEQUANTIZE_S16_F32_H

#include <stdint.h>

struct chipcast_dequantize_s16_f32_params {
    int32_t elements;
    float scale;
};

/* output: `elements` floats in the machine's byte order, at any address; it must not overlap input. */
void chipcast_dequantize_s16_f32(const struct chipcast_dequantize_s16_f32_params *p, const int16_t *input,
                                 int8_t *output);

#endif
