#include "tanh_s16.h"

#include "sigmoid_table.h"

void chipcast_tanh_s16(const struct chipcast_tanh_s16_params *p, const int16_t *input, int16_t *output)
{
    for (int32_t i = 0; i < p->elements; ++i) {
        output[i] = chipcast_tanh_of(p->table, chipcast_sigmoid_argument(input[i], p->multiplier, p->shift));
    }
}
