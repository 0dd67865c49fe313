#include "dequantize_s16_f32.h"

#include <string.h>

void chipcast_dequantize_s16_f32(const struct chipcast_dequantize_s16_f32_params *p, const int16_t *input,
                                 int8_t *output)
{
    for (int32_t i = 0; i < p->elements; ++i) {
        const float value = p->scale * (float)input[i];
        memcpy(output + i * (int32_t)sizeof value, &value, sizeof value);
    }
}
