/* The way from a sum to an output where the compiler has proven a short one: see
 * toolchain/compile/requantise_forms.py and saturated_form.py, which also make the constants. */
#ifndef CHIPCAST_REQUANTISE_DSP_H
#define CHIPCAST_REQUANTISE_DSP_H

#include <stdint.h>

#include "dsp.h"

/* SATURATED_SHIFT of toolchain/compile/saturated_form.py. */
#define CHIPCAST_SATURATED_SHIFT 8

/* "Rectified": t = bias + 256 * sum. The output, plus 128, once it is saturated to uint8_t. */
static inline int32_t chipcast_rectified(int32_t t, int32_t multiplier, int32_t shift)
{
    return chipcast_smmul(t, multiplier) >> shift;
}

/* "Any sign": t = bias + 2 * sum. The output, once it is saturated to int8_t. */
static inline int32_t chipcast_any_sign(int32_t t, int32_t multiplier, int32_t rounding, int32_t shift)
{
    return chipcast_smmlar(t, multiplier, rounding + (t >> 31)) >> shift;
}

/* "Saturated": t = bias + 256 * sum. */
static inline int8_t chipcast_saturated(int32_t t, int32_t multiplier, int32_t zero)
{
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    int32_t output;
    __asm__("ssat %0, #8, %1, asr %2"
            : "=r"(output)
            : "r"(chipcast_smmla(t, multiplier, zero)), "i"(CHIPCAST_SATURATED_SHIFT));
    return (int8_t)output;
#else
    return (int8_t)chipcast_ssat8(chipcast_smmla(t, multiplier, zero) >> CHIPCAST_SATURATED_SHIFT);
#endif
}

#endif
