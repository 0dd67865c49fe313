#include "prelu_s8.h"

#include "broadcast.h"
#include "requantise.h"

static void prelu_row(const void *params, const int8_t *input1, int32_t step1, const int8_t *input2, int32_t step2,
                      int32_t length, int8_t *output)
{
    const struct chipcast_prelu_s8_params *p = params;
    for (int32_t i = 0; i < length; ++i) {
        const int32_t value = input1[i * step1] - p->input_zero_point;
        const int32_t slope = input2[i * step2] - p->alpha_zero_point;
        const int32_t scaled = value >= 0 ? chipcast_requantise(value, p->multiplier, p->shift)
                                          : chipcast_requantise(value * slope, p->alpha_multiplier, p->alpha_shift);
        output[i] = chipcast_offset_and_clamp(scaled, p->output_zero_point, INT8_MIN, INT8_MAX);
    }
}

void chipcast_prelu_s8(const struct chipcast_prelu_s8_params *p, const int8_t *input1, const int8_t *input2,
                       int8_t *output)
{
    chipcast_for_each_row(p->extent, p->input1_stride, p->input2_stride, input1, input2, output, prelu_row, p);
}
