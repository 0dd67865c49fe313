#include "l2_normalization_s8.h"

#include "requantise.h"

/* Q3.28: 1 and 3/2. Q0.31: half the square root of 2. */
#define ONE_Q3 ((int32_t)1 << 28)
#define THREE_HALVES_Q3 (((int32_t)1 << 28) + ((int32_t)1 << 27))
#define HALF_ROOT_OF_TWO 1518500250

#define OUTPUT_FRACTION_BITS 7

/* A positive factor: multiplier * 2^(shift - 31). */
struct factor {
    int32_t multiplier;
    int32_t shift;
};

/* 1 / sqrt(x), x >= 0; 0 counts as 1. x is brought into 2^27 ... 2^29 by powers of 4, then five steps of
 * Newton-Raphson run in Q3.28 (gemmlowp, as GetInvSqrtQuantizedMultiplierExp). */
static struct factor inverse_square_root(int32_t x)
{
    struct factor found = {INT32_MAX, 0};
    if (x <= 1) {
        return found;
    }
    int32_t right_shift = 11;
    for (; x >= ((int32_t)1 << 29); x /= 4) {
        ++right_shift;
    }
    for (; x < ((int32_t)1 << 27); x *= 4) {
        --right_shift;
    }
    const int32_t half = chipcast_rounding_shift_right(x >> 1, 1);
    int32_t y = ONE_Q3;
    for (int step = 0; step < 5; ++step) {
        const int32_t square = chipcast_doubling_high_multiply(y, y);
        const int32_t cube = chipcast_saturating_shift_left(chipcast_doubling_high_multiply(square, y), 6);
        const int32_t difference =
            chipcast_doubling_high_multiply(THREE_HALVES_Q3, y) - chipcast_doubling_high_multiply(half, cube);
        y = chipcast_saturating_shift_left(difference, 3);
    }
    found.multiplier = chipcast_doubling_high_multiply(y, HALF_ROOT_OF_TWO);
    for (; right_shift < 0; ++right_shift) {
        found.multiplier *= 2;
    }
    found.shift = -right_shift;
    return found;
}

void chipcast_l2_normalization_s8(const struct chipcast_l2_normalization_s8_params *p, const int8_t *input,
                                  int8_t *output)
{
    for (int32_t row = 0; row < p->rows; ++row) {
        int32_t squares = 0;
        for (int32_t i = 0; i < p->depth; ++i) {
            const int32_t centred = input[i] - p->input_zero_point;
            squares += centred * centred;
        }
        const struct factor factor = inverse_square_root(squares);
        for (int32_t i = 0; i < p->depth; ++i) {
            const int32_t scaled = chipcast_requantise(input[i] - p->input_zero_point, factor.multiplier,
                                                       factor.shift + OUTPUT_FRACTION_BITS);
            output[i] = chipcast_offset_and_clamp(scaled, 0, INT8_MIN, INT8_MAX);
        }
        input += p->depth;
        output += p->depth;
    }
}
