#include "mul_s16.h"

#include "broadcast_s16.h"
#include "requantise_s16.h"

static void mul_row(const void *params, const int16_t *input1, int32_t step1, const int16_t *input2, int32_t step2,
                    int32_t length, int16_t *output)
{
    const struct chipcast_mul_s16_params *p = params;
    for (int32_t i = 0; i < length; ++i) {
        const int32_t product = input1[i * step1] * input2[i * step2];
        const int32_t scaled = chipcast_requantise(product, p->output_multiplier, p->output_shift);
        output[i] = chipcast_clamp_s16(scaled, p->activation_min, p->activation_max);
    }
}

void chipcast_mul_s16(const struct chipcast_mul_s16_params *p, const int16_t *input1, const int16_t *input2,
                      int16_t *output)
{
    chipcast_for_each_row_s16(p->extent, p->input1_stride, p->input2_stride, input1, input2, output, mul_row, p);
}
