#include "quantize_s8_s16.h"

#include "requantise_s16.h"

void chipcast_quantize_s8_s16(const struct chipcast_quantize_s8_s16_params *p, const int8_t *input, int16_t *output)
{
    for (int32_t i = 0; i < p->elements; ++i) {
        const int32_t scaled = chipcast_requantise(input[i] - p->input_zero_point, p->multiplier, p->shift);
        output[i] = chipcast_clamp_s16(scaled, INT16_MIN, INT16_MAX);
    }
}
