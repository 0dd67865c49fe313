#include "add_s8.h"

#include "requantise.h"

#define EXTRA_BITS ((int32_t)1 << 20)

void chipcast_add_s8(const struct chipcast_add_s8_params *p, const int8_t *input1, const int8_t *input2,
                     int8_t *output)
{
    for (int32_t i = 0; i < p->elements; ++i) {
        const int32_t a = (input1[i] - p->input1_zero_point) * EXTRA_BITS;
        const int32_t b = (input2[i] - p->input2_zero_point) * EXTRA_BITS;
        const int32_t sum = chipcast_requantise(a, p->input1_multiplier, p->input1_shift) +
                            chipcast_requantise(b, p->input2_multiplier, p->input2_shift);
        const int32_t scaled = chipcast_requantise(sum, p->output_multiplier, p->output_shift);
        output[i] = chipcast_offset_and_clamp(scaled, p->output_zero_point, p->activation_min, p->activation_max);
    }
}
