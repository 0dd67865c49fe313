#include "logistic_s16.h"

#include "sigmoid_table.h"

/* Neighbouring entries are 2^9 argument steps apart. */
#define BITS 9
#define ONE (1 << (16 + BITS))
#define LARGEST (INT16_MAX * (1 << (BITS + 1)))
#define HALF (1 << BITS)

void chipcast_logistic_s16(const struct chipcast_logistic_s16_params *p, const int16_t *input, int16_t *output)
{
    for (int32_t i = 0; i < p->elements; ++i) {
        const int32_t x = chipcast_sigmoid_argument(input[i], p->multiplier, p->shift);
        const int32_t magnitude = x < 0 ? -x : x;
        const int32_t above = (magnitude >> BITS) >= CHIPCAST_SIGMOID_LAST
                                  ? LARGEST
                                  : chipcast_sigmoid_interpolate(p->table, magnitude, BITS);
        const int32_t rounded = x < 0 ? ONE - above + HALF - 1 : above + HALF;
        output[i] = (int16_t)(rounded >> (BITS + 1));
    }
}
