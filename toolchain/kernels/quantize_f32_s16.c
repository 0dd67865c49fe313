#include "quantize_f32_s16.h"

#include <string.h>

#include "requantise_s16.h"

/* Beyond this every int16 output is at its limit. */
#define FAR_OUTSIDE 65536.0f

/* Nearest integer, halves away from zero, of a value that is not far outside. */
static int32_t round_half_away(float value)
{
    const int32_t whole = (int32_t)value;
    const float rest = value - (float)whole;
    if (rest >= 0.5f) {
        return whole + 1;
    }
    return rest <= -0.5f ? whole - 1 : whole;
}

void chipcast_quantize_f32_s16(const struct chipcast_quantize_f32_s16_params *p, const int8_t *input,
                               int16_t *output)
{
    for (int32_t i = 0; i < p->elements; ++i) {
        float value;
        memcpy(&value, input + i * (int32_t)sizeof value, sizeof value);
        value /= p->scale;
        if (value != value) {
            value = 0.0f;
        }
        value = value > FAR_OUTSIDE ? FAR_OUTSIDE : value;
        value = value < -FAR_OUTSIDE ? -FAR_OUTSIDE : value;
        output[i] = chipcast_clamp_s16(round_half_away(value), INT16_MIN, INT16_MAX);
    }
}
