#include "add_broadcast_s8.h"

#include "requantise.h"

#define EXTRA_BITS ((int32_t)1 << 20)

static int8_t add(const struct chipcast_add_broadcast_s8_params *p, int32_t input1, int32_t input2)
{
    const int32_t a = (input1 - p->input1_zero_point) * EXTRA_BITS;
    const int32_t b = (input2 - p->input2_zero_point) * EXTRA_BITS;
    const int32_t sum = chipcast_requantise(a, p->input1_multiplier, p->input1_shift) +
                        chipcast_requantise(b, p->input2_multiplier, p->input2_shift);
    const int32_t scaled = chipcast_requantise(sum, p->output_multiplier, p->output_shift);
    return chipcast_offset_and_clamp(scaled, p->output_zero_point, p->activation_min, p->activation_max);
}

void chipcast_add_broadcast_s8(const struct chipcast_add_broadcast_s8_params *p, const int8_t *input1,
                               const int8_t *input2, int8_t *output)
{
    const int32_t *s1 = p->input1_stride;
    const int32_t *s2 = p->input2_stride;
    for (int32_t i = 0; i < p->extent[0]; ++i) {
        for (int32_t j = 0; j < p->extent[1]; ++j) {
            for (int32_t k = 0; k < p->extent[2]; ++k) {
                const int8_t *a = input1 + i * s1[0] + j * s1[1] + k * s1[2];
                const int8_t *b = input2 + i * s2[0] + j * s2[1] + k * s2[2];
                for (int32_t l = 0; l < p->extent[3]; ++l) {
                    *output++ = add(p, a[l * s1[3]], b[l * s2[3]]);
                }
            }
        }
    }
}
