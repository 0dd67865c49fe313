#include "softmax_s16.h"

#include "requantise_s16.h"

/* The table's value at x, between its entries on a straight line. */
static int32_t look_up(const int16_t *table, int32_t x)
{
    const int32_t entry = 256 + (x >> 7);
    const int32_t slope = table[entry + 1] - table[entry];
    return table[entry] + ((slope * (x & 0x7f) + 64) >> 7);
}

static int32_t saturate(int32_t x)
{
    return chipcast_clamp_s16(x, INT16_MIN, INT16_MAX);
}

/* The output first holds the exponentials, then what they are of their sum. */
static void softmax_row(const struct chipcast_softmax_s16_params *p, const int16_t *input, int16_t *output)
{
    int32_t largest = INT16_MIN;
    for (int32_t i = 0; i < p->depth; ++i) {
        largest = input[i] > largest ? input[i] : largest;
    }
    int32_t sum = 0; /* Q16.15 */
    for (int32_t i = 0; i < p->depth; ++i) {
        const int32_t scaled = chipcast_requantise(input[i] - largest, p->multiplier, p->shift);
        output[i] = (int16_t)look_up(p->exponential, saturate(scaled + INT16_MAX));
        sum += output[i];
    }
    int32_t headroom = 0;
    while (((int64_t)sum << headroom) < ((int64_t)1 << 30)) {
        ++headroom;
    }
    /* The sum as 1 + x, x in [0, 1): recentred to the table's arguments. */
    const int32_t mantissa = (int32_t)((((int64_t)sum << headroom) + (1 << 13)) >> 14);
    const int32_t reciprocal = look_up(p->reciprocal, saturate(mantissa - (1 << 15) - (1 << 16)));
    const int32_t right = 30 - headroom;
    const int64_t half = (int64_t)1 << (right - 1);
    for (int32_t i = 0; i < p->depth; ++i) {
        const int32_t share = (int32_t)(((int64_t)output[i] * reciprocal + half) >> right);
        output[i] = chipcast_clamp_s16(share, 0, INT16_MAX);
    }
}

void chipcast_softmax_s16(const struct chipcast_softmax_s16_params *p, const int16_t *input, int16_t *output)
{
    for (int32_t row = 0; row < p->rows; ++row) {
        softmax_row(p, input, output);
        input += p->depth;
        output += p->depth;
    }
}
