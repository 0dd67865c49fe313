#include "sub_s8.h"

#include "broadcast.h"
#include "requantise.h"

#define EXTRA_BITS ((int32_t)1 << 20)

static void sub_row(const void *params, const int8_t *input1, int32_t step1, const int8_t *input2, int32_t step2,
                    int32_t length, int8_t *output)
{
    const struct chipcast_sub_s8_params *p = params;
    for (int32_t i = 0; i < length; ++i) {
        const int32_t a = (input1[i * step1] - p->input1_zero_point) * EXTRA_BITS;
        const int32_t b = (input2[i * step2] - p->input2_zero_point) * EXTRA_BITS;
        const int32_t difference = chipcast_requantise(a, p->input1_multiplier, p->input1_shift) -
                                   chipcast_requantise(b, p->input2_multiplier, p->input2_shift);
        const int32_t scaled = chipcast_requantise(difference, p->output_multiplier, p->output_shift);
        output[i] =
            chipcast_offset_and_clamp(scaled, p->output_zero_point, p->activation_min, p->activation_max);
    }
}

void chipcast_sub_s8(const struct chipcast_sub_s8_params *p, const int8_t *input1, const int8_t *input2,
                     int8_t *output)
{
    chipcast_for_each_row(p->extent, p->input1_stride, p->input2_stride, input1, input2, output, sub_row, p);
}
