#include "tanh_s16.h"

#include "sigmoid_table.h"

/* tanh(x) = 2 * logistic(2x) - 1: neighbouring entries are 2^8 argument steps apart. */
#define BITS 8
#define HALF_OF_ONE (1 << (15 + BITS))
#define LARGEST (UINT16_MAX * (1 << BITS))
#define HALF_STEP (1 << (BITS - 1))

void chipcast_tanh_s16(const struct chipcast_tanh_s16_params *p, const int16_t *input, int16_t *output)
{
    for (int32_t i = 0; i < p->elements; ++i) {
        const int32_t x = chipcast_sigmoid_argument(input[i], p->multiplier, p->shift);
        const int32_t magnitude = x < 0 ? -x : x;
        const int32_t above = (magnitude >> BITS) >= CHIPCAST_SIGMOID_LAST
                                  ? LARGEST
                                  : chipcast_sigmoid_interpolate(p->table, magnitude, BITS);
        const int32_t centred = above - HALF_OF_ONE;
        const int32_t rounded = x < 0 ? HALF_STEP - 1 - centred : centred + HALF_STEP;
        output[i] = (int16_t)(rounded >> BITS);
    }
}
