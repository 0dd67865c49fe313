#include "mul_s8.h"

#include "broadcast.h"
#include "requantise.h"

static void mul_row(const void *params, const int8_t *input1, int32_t step1, const int8_t *input2, int32_t step2,
                    int32_t length, int8_t *output)
{
    const struct chipcast_mul_s8_params *p = params;
    for (int32_t i = 0; i < length; ++i) {
        const int32_t a = input1[i * step1] - p->input1_zero_point;
        const int32_t b = input2[i * step2] - p->input2_zero_point;
        const int32_t scaled = chipcast_requantise(a * b, p->output_multiplier, p->output_shift);
        output[i] =
            chipcast_offset_and_clamp(scaled, p->output_zero_point, p->activation_min, p->activation_max);
    }
}

void chipcast_mul_s8(const struct chipcast_mul_s8_params *p, const int8_t *input1, const int8_t *input2,
                     int8_t *output)
{
    chipcast_for_each_row(p->extent, p->input1_stride, p->input2_stride, input1, input2, output, mul_row, p);
}
