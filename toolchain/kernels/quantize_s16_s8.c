#include "quantize_s16_s8.h"

#include "requantise.h"

void chipcast_quantize_s16_s8(const struct chipcast_quantize_s16_s8_params *p, const int16_t *input, int8_t *output)
{
    for (int32_t i = 0; i < p->elements; ++i) {
        const int32_t scaled = chipcast_requantise(input[i], p->multiplier, p->shift);
        output[i] = chipcast_offset_and_clamp(scaled, p->output_zero_point, INT8_MIN, INT8_MAX);
    }
}
