/* Fixed-point helpers shared by the kernels: gemmlowp's rounding, as TensorFlow Lite Micro uses it.
 *
 * An accumulator becomes an output in two roundings: a doubling high multiplication by a Q0.31
 * multiplier, then a rounding division by a power of two. Both have to be there, in this order, for the
 * bytes to be right.
 *
 * Right shifts of negative numbers are taken to be arithmetic and conversions to int32_t modulo 2^32,
 * which C99 leaves to the implementation and every compiler this code is built with does.
 */
#ifndef CHIPCAST_REQUANTISE_H
#define CHIPCAST_REQUANTISE_H

#include <stdint.h>

/* round(a * b / 2^31), halves towards plus infinity. Not both arguments may be INT32_MIN. */
static inline int32_t chipcast_doubling_high_multiply(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/* round(x / 2^exponent), halves away from zero; exponent 0 to 31. */
static inline int32_t chipcast_rounding_shift_right(int32_t x, int32_t exponent)
{
    const int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1u);
    const int32_t remainder = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

/* x * 2^bits, saturated; bits 1 to 30. */
static inline int32_t chipcast_saturating_shift_left(int32_t x, int32_t bits)
{
    const int32_t limit = ((int32_t)1 << (31 - bits)) - 1;
    if (x > limit) {
        return INT32_MAX;
    }
    return x < -limit ? INT32_MIN : x * ((int32_t)1 << bits);
}

/* x * multiplier * 2^(shift - 31), with both roundings; multiplier >= 0, shift -31 to 30. A positive
 * shift wraps on overflow, as the reference does. */
static inline int32_t chipcast_requantise(int32_t x, int32_t multiplier, int32_t shift)
{
    if (shift > 0) {
        return chipcast_doubling_high_multiply((int32_t)((uint32_t)x << shift), multiplier);
    }
    return chipcast_rounding_shift_right(chipcast_doubling_high_multiply(x, multiplier), -shift);
}

/* value + offset, clamped to minimum..maximum. */
static inline int8_t chipcast_offset_and_clamp(int32_t value, int32_t offset, int32_t minimum, int32_t maximum)
{
    const int32_t sum = (int32_t)((uint32_t)value + (uint32_t)offset);
    return (int8_t)(sum < minimum ? minimum : (sum > maximum ? maximum : sum));
}

#endif
