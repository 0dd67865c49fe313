#include "softmax_s8.h"

#include "requantise.h"

/* Q2.29 numbers of the Newton-Raphson division. */
#define ONE_Q2 ((int32_t)1 << 29)
#define FORTY_EIGHT_SEVENTEENTHS_Q2 1515870810
#define MINUS_THIRTY_TWO_SEVENTEENTHS_Q2 (-1010580540)

/* 1 / (1 + x) for x in [0, 1), both Q0.31: three Newton-Raphson steps on half the denominator. */
static int32_t reciprocal_of_one_plus(int32_t x)
{
    const int32_t half_denominator = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t y = FORTY_EIGHT_SEVENTEENTHS_Q2 +
                chipcast_doubling_high_multiply(half_denominator, MINUS_THIRTY_TWO_SEVENTEENTHS_Q2);
    for (int step = 0; step < 3; ++step) {
        const int32_t error = ONE_Q2 - chipcast_doubling_high_multiply(half_denominator, y);
        y += chipcast_saturating_shift_left(chipcast_doubling_high_multiply(y, error), 2);
    }
    return chipcast_saturating_shift_left(y, 1);
}

static void softmax_row(const struct chipcast_softmax_s8_params *p, const int8_t *input, int8_t *output)
{
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < p->depth; ++i) {
        largest = input[i] > largest ? input[i] : largest;
    }
    uint32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < p->depth; ++i) {
        const int32_t distance = largest - input[i];
        if (distance < p->entries) {
            sum += (uint32_t)chipcast_rounding_shift_right(p->exponential[distance], 12);
        }
    }
    int32_t exponent = 12 + 31 - 8;
    while ((sum & 0x80000000u) == 0u) {
        sum <<= 1;
        --exponent;
    }
    const int32_t scale = reciprocal_of_one_plus((int32_t)(sum - 0x80000000u));
    for (int32_t i = 0; i < p->depth; ++i) {
        const int32_t distance = largest - input[i];
        int32_t share = 0; /* Q0.8 */
        if (distance < p->entries) {
            share = chipcast_rounding_shift_right(
                chipcast_doubling_high_multiply(scale, p->exponential[distance]), exponent);
        }
        output[i] = chipcast_offset_and_clamp(share, INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

void chipcast_softmax_s8(const struct chipcast_softmax_s8_params *p, const int8_t *input, int8_t *output)
{
    for (int32_t row = 0; row < p->rows; ++row) {
        softmax_row(p, input, output);
        input += p->depth;
        output += p->depth;
    }
}
