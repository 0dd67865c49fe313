/* Weights of two output channels in one 16-bit lane, for convolutions and fully connected layers on cores
 * with DSP.
 *
 * Weights are bytes, but a 16-bit lane holds two of them as V = 256 * B + A, for the two channels A and B.
 * SMLAD of V accumulates R = 256 * sumB + sumA; SXTB16 of the same word leaves A alone, and a second SMLAD
 * gives sumA. Then 256 * sumB = R - sumA, modulo 2^32: what the output stage wants, which takes its sums
 * times 256 anyway. So a byte a weight is enough, and one instruction widens four of them.
 *
 * Layout, per block of four channels (A, B, C, D) and group of four taps k: the words
 *   (AB(k), AB(k + 2)), (CD(k), CD(k + 2)), (AB(k + 1), AB(k + 3)), (CD(k + 1), CD(k + 3)),
 * since SXTB16 widens bytes 0 and 2 of a word, then 1 and 3; inputs are widened in the same order. Missing
 * channels and taps have weights of 0. */
#ifndef CHIPCAST_BYTE_PAIRS_DSP_H
#define CHIPCAST_BYTE_PAIRS_DSP_H

#include <stdint.h>
#include <string.h>

#include "dsp.h"
#include "requantise_dsp.h"

/* `groups` of four taps, `channels` of the output; a row of `bias` and of `table` for every channel, channels
 * rounded up to four. What turns sums into outputs is one of the two ways of
 * toolchain/compile/requantise_forms.py:
 * rectified (`any_sign` 0): `table` is the multipliers; one shift for all;
 * any sign (1): rows of `table` are multiplier, rounding (with 128 steps of the output in it, which are taken
 * off again at the end) and shift; outputs are clamped to minimum…maximum. */
struct chipcast_byte_pairs {
    const uint32_t *weights;
    const int32_t *bias;
    const int32_t *table;
    int32_t groups;
    int32_t channels;
    int32_t any_sign;
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

/* Inlined at any level of optimisation: what is left of a call would cost more than the products. */
#define CHIPCAST_INLINE static inline __attribute__((always_inline))

/* One copy, whatever it is called with. */
#if defined(__clang__)
#define CHIPCAST_ONCE static __attribute__((noinline))
#else
#define CHIPCAST_ONCE static __attribute__((noinline, noclone))
#endif

/* Channels A to D of a pixel, rectified, as bytes: from R and the sums of A and C. */
CHIPCAST_INLINE uint32_t chipcast_rectified_word(const int32_t *bias, const int32_t *multiplier, int32_t shift,
                                                 uint32_t ab, uint32_t a, uint32_t cd, uint32_t c)
{
#define CHIPCAST_Y(i, sum256)                                                                                \
    ((uint32_t)chipcast_rectified((int32_t)((uint32_t)bias[i] + (sum256)), multiplier[i], shift))
    const uint32_t odd = chipcast_pkhbt_lsl16(CHIPCAST_Y(1, ab - a), CHIPCAST_Y(3, cd - c));
    const uint32_t even = chipcast_pkhbt_lsl16(CHIPCAST_Y(0, a << 8), CHIPCAST_Y(2, c << 8));
#undef CHIPCAST_Y
    return (chipcast_usat16_8(even) | (chipcast_usat16_8(odd) << 8)) ^ 0x80808080u;
}

/* A byte in all four places. */
static inline uint32_t chipcast_four_times(int32_t value)
{
    return ((uint32_t)value & 0xFFu) * 0x01010101u;
}

/* Each byte at least that of low and at most that of high. */
static inline uint32_t chipcast_clamp_bytes(uint32_t word, uint32_t low, uint32_t high)
{
    const uint32_t at_least = chipcast_uqsub8(word, low) + low;
    return at_least - chipcast_uqsub8(at_least, high);
}

/* Channels A to D of a pixel, around any zero point, as bytes; `rows` are of the table. */
CHIPCAST_INLINE uint32_t chipcast_any_sign_word(const int32_t *bias, const int32_t *rows, uint32_t low, uint32_t high,
                                                uint32_t ab, uint32_t a, uint32_t cd, uint32_t c)
{
#define CHIPCAST_Y(i, twice)                                                                                 \
    ((uint32_t)chipcast_any_sign((int32_t)((uint32_t)bias[i] + (uint32_t)(twice)), rows[3 * (i)],            \
                                 rows[3 * (i) + 1], rows[3 * (i) + 2]))
    const uint32_t odd =
        chipcast_pkhbt_lsl16(CHIPCAST_Y(1, (int32_t)(ab - a) >> 7), CHIPCAST_Y(3, (int32_t)(cd - c) >> 7));
    const uint32_t even = chipcast_pkhbt_lsl16(CHIPCAST_Y(0, a << 1), CHIPCAST_Y(2, c << 1));
#undef CHIPCAST_Y
    const uint32_t word = chipcast_usat16_8(even) | (chipcast_usat16_8(odd) << 8);
    return chipcast_clamp_bytes(word, low, high) ^ 0x80808080u;
}

/* The first `count` bytes of a word, at most four. */
static inline void chipcast_store_bytes(int8_t *to, uint32_t word, int32_t count)
{
    for (int32_t i = 0; i < count; ++i) {
        to[i] = (int8_t)(word & 0xFFu);
        word >>= 8;
    }
}

#endif
