#include "add_s16.h"

#include "broadcast_s16.h"
#include "requantise_s16.h"

#define EXTRA_BITS (1 << 15)

static void add_row(const void *params, const int16_t *input1, int32_t step1, const int16_t *input2, int32_t step2,
                    int32_t length, int16_t *output)
{
    const struct chipcast_add_s16_params *p = params;
    for (int32_t i = 0; i < length; ++i) {
        const int32_t a = input1[i * step1] * EXTRA_BITS;
        const int32_t b = input2[i * step2] * EXTRA_BITS;
        const int32_t sum = chipcast_requantise(a, p->input1_multiplier, p->input1_shift) +
                            chipcast_requantise(b, p->input2_multiplier, p->input2_shift);
        const int32_t scaled = chipcast_requantise(sum, p->output_multiplier, p->output_shift);
        output[i] = chipcast_clamp_s16(scaled, p->activation_min, p->activation_max);
    }
}

void chipcast_add_s16(const struct chipcast_add_s16_params *p, const int16_t *input1, const int16_t *input2,
                      int16_t *output)
{
    chipcast_for_each_row_s16(p->extent, p->input1_stride, p->input2_stride, input1, input2, output, add_row, p);
}
