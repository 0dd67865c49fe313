#include "minimum_s8.h"

#include "broadcast.h"

static void minimum_row(const void *params, const int8_t *input1, int32_t step1, const int8_t *input2, int32_t step2,
                        int32_t length, int8_t *output)
{
    (void)params;
    for (int32_t i = 0; i < length; ++i) {
        const int8_t a = input1[i * step1];
        const int8_t b = input2[i * step2];
        output[i] = a < b ? a : b;
    }
}

void chipcast_minimum_s8(const struct chipcast_minimum_s8_params *p, const int8_t *input1, const int8_t *input2,
                         int8_t *output)
{
    chipcast_for_each_row(p->extent, p->input1_stride, p->input2_stride, input1, input2, output, minimum_row, p);
}
