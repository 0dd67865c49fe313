/* Fixed-point helpers for int16 activations, as TensorFlow Lite Micro has them: a 64-bit accumulator is
 * rescaled by a multiplier of 15 bits in one rounding, a 32-bit one as in requantise.h. */
#ifndef CHIPCAST_REQUANTISE_S16_H
#define CHIPCAST_REQUANTISE_S16_H

#include <stdint.h>

#include "requantise.h"

/* round(x * multiplier * 2^(shift - 15)), halves towards plus infinity, modulo 2^32; multiplier 0 to
 * 2^15 - 1, shift -31 to 7, x within 47 bits and a sign. */
static inline int32_t chipcast_requantise_wide(int64_t x, int32_t multiplier, int32_t shift)
{
    const int32_t right = 15 - shift;
    return (int32_t)((x * multiplier + ((int64_t)1 << (right - 1))) >> right);
}

/* value, clamped to minimum..maximum, which lie within int16. */
static inline int16_t chipcast_clamp_s16(int32_t value, int32_t minimum, int32_t maximum)
{
    return (int16_t)(value < minimum ? minimum : (value > maximum ? maximum : value));
}

#endif
