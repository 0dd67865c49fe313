/* The inner block of convolutions on cores with DSP: four output channels of two pixels at a time.
 *
 * Weights are bytes, but a 16-bit lane holds two of them as V = 256 * B + A, for the two channels A and B.
 * SMLAD of V accumulates R = 256 * sumB + sumA; SXTB16 of the same word leaves A alone, and a second SMLAD
 * gives sumA. Then 256 * sumB = R - sumA, modulo 2^32: what the output stage wants, which takes its sums
 * times 256 anyway. So a byte a weight is enough, and one instruction widens four of them.
 *
 * Layout, per block of four channels (A, B, C, D) and group of four taps k: the words
 *   (AB(k), AB(k + 2)), (CD(k), CD(k + 2)), (AB(k + 1), AB(k + 3)), (CD(k + 1), CD(k + 3)),
 * since SXTB16 widens bytes 0 and 2 of a word, then 1 and 3. Pixels are widened in the same order, the words
 * of the two alternating. Missing channels and taps have weights of 0. */
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
 * any sign (1): rows of `table` are multiplier, rounding and shift; outputs are clamped to minimum…maximum. */
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

/* Of two pixels (0 and 1) and two pairs of channels: R, and the sums of A and C. */
struct chipcast_pair_sums {
    uint32_t ab0, ab1, a0, a1, cd0, cd1, c0, c1;
};

/* Sums over the pixels' words up to `end`; `*weights` moves on by as many. `odd`: whether the groups, but for
 * the first, are odd in number. */
CHIPCAST_INLINE struct chipcast_pair_sums chipcast_sum_pairs(const uint32_t **weights, const uint32_t *pixels,
                                                           const uint32_t *end, int32_t odd)
{
    struct chipcast_pair_sums s;
    const uint32_t *w = *weights;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    /* All fourteen registers are in use, which is more than gcc's own allocation gets by with; the end lies in
     * memory and is looked at once in 64 products. */
#define CHIPCAST_LOAD                                                                                        \
    "ldmia %[x]!, {r8, r9}\n"                                                                                \
    "ldmia %[w]!, {r10, r11}\n"
#define CHIPCAST_STEP                                                                                        \
    CHIPCAST_LOAD                                                                                            \
    "smlad %[ab0], r10, r8, %[ab0]\n"                                                                        \
    "smlad %[ab1], r10, r9, %[ab1]\n"                                                                        \
    "sxtb16 r10, r10\n"                                                                                      \
    "smlad %[cd0], r11, r8, %[cd0]\n"                                                                        \
    "smlad %[cd1], r11, r9, %[cd1]\n"                                                                        \
    "sxtb16 r11, r11\n"                                                                                      \
    "smlad %[a0], r10, r8, %[a0]\n"                                                                          \
    "smlad %[a1], r10, r9, %[a1]\n"                                                                          \
    "smlad %[c0], r11, r8, %[c0]\n"                                                                          \
    "smlad %[c1], r11, r9, %[c1]\n"
    __asm__ volatile(CHIPCAST_LOAD
                     "smuad %[ab0], r10, r8\n"
                     "smuad %[ab1], r10, r9\n"
                     "sxtb16 r10, r10\n"
                     "smuad %[cd0], r11, r8\n"
                     "smuad %[cd1], r11, r9\n"
                     "sxtb16 r11, r11\n"
                     "smuad %[a0], r10, r8\n"
                     "smuad %[a1], r10, r9\n"
                     "smuad %[c0], r11, r8\n"
                     "smuad %[c1], r11, r9\n"
                     CHIPCAST_STEP
                     "ldr r8, %[odd]\n"
                     "cmp r8, #0\n"
                     "bne 2f\n"
                     "b 3f\n"
                     "1:\n"
                     CHIPCAST_STEP CHIPCAST_STEP
                     "2:\n"
                     CHIPCAST_STEP CHIPCAST_STEP
                     "3:\n"
                     "ldr r8, %[end]\n"
                     "cmp %[x], r8\n"
                     "bne 1b\n"
                     : [ab0] "=&r"(s.ab0), [ab1] "=&r"(s.ab1), [a0] "=&r"(s.a0), [a1] "=&r"(s.a1),
                       [cd0] "=&r"(s.cd0), [cd1] "=&r"(s.cd1), [c0] "=&r"(s.c0), [c1] "=&r"(s.c1),
                       [w] "+r"(w), [x] "+r"(pixels)
                     : [end] "m"(end), [odd] "m"(odd)
                     : "r8", "r9", "r10", "r11", "cc", "memory");
#undef CHIPCAST_STEP
#undef CHIPCAST_LOAD
#else
    (void)odd;
    memset(&s, 0, sizeof s);
    for (; pixels != end; pixels += 2, w += 2) {
        const uint32_t a = chipcast_sxtb16(w[0]), c = chipcast_sxtb16(w[1]);
        s.ab0 = (uint32_t)chipcast_smlad(w[0], pixels[0], (int32_t)s.ab0);
        s.ab1 = (uint32_t)chipcast_smlad(w[0], pixels[1], (int32_t)s.ab1);
        s.cd0 = (uint32_t)chipcast_smlad(w[1], pixels[0], (int32_t)s.cd0);
        s.cd1 = (uint32_t)chipcast_smlad(w[1], pixels[1], (int32_t)s.cd1);
        s.a0 = (uint32_t)chipcast_smlad(a, pixels[0], (int32_t)s.a0);
        s.a1 = (uint32_t)chipcast_smlad(a, pixels[1], (int32_t)s.a1);
        s.c0 = (uint32_t)chipcast_smlad(c, pixels[0], (int32_t)s.c0);
        s.c1 = (uint32_t)chipcast_smlad(c, pixels[1], (int32_t)s.c1);
    }
#endif
    *weights = w;
    return s;
}

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

/* Both lanes of both words kept within low to high: rare, so it is not worth its place in the loop. */
static __attribute__((noinline, unused)) void chipcast_clamp_lanes(uint32_t lanes[2], int32_t low, int32_t high)
{
    for (int32_t i = 0; i < 2; ++i) {
        int32_t first = (int16_t)(lanes[i] & 0xFFFFu), second = (int16_t)(lanes[i] >> 16);
        first = first < low ? low : (first > high ? high : first);
        second = second < low ? low : (second > high ? high : second);
        lanes[i] = chipcast_pkhbt_lsl16((uint32_t)first, (uint32_t)second);
    }
}

/* Channels A to D of a pixel, around any zero point, as bytes; `rows` are of the table. */
CHIPCAST_INLINE uint32_t chipcast_any_sign_word(const int32_t *bias, const int32_t *rows, int32_t minimum,
                                                int32_t maximum, uint32_t ab, uint32_t a, uint32_t cd, uint32_t c)
{
#define CHIPCAST_Y(i, twice)                                                                                 \
    ((uint32_t)chipcast_any_sign((int32_t)((uint32_t)bias[i] + (uint32_t)(twice)), rows[3 * (i)],            \
                                 rows[3 * (i) + 1], rows[3 * (i) + 2]))
    const uint32_t odd =
        chipcast_pkhbt_lsl16(CHIPCAST_Y(1, (int32_t)(ab - a) >> 7), CHIPCAST_Y(3, (int32_t)(cd - c) >> 7));
    const uint32_t even = chipcast_pkhbt_lsl16(CHIPCAST_Y(0, a << 1), CHIPCAST_Y(2, c << 1));
#undef CHIPCAST_Y
    uint32_t lanes[2] = {chipcast_ssat16_8(even), chipcast_ssat16_8(odd)};
    if (minimum > -128 || maximum < 127) {
        chipcast_clamp_lanes(lanes, minimum, maximum);
    }
    return chipcast_uxtb16(lanes[0]) | (chipcast_uxtb16(lanes[1]) << 8);
}

/* The first `count` bytes of a word, at most four. */
static inline void chipcast_store_bytes(int8_t *to, uint32_t word, int32_t count)
{
    for (int32_t i = 0; i < count; ++i) {
        to[i] = (int8_t)(word & 0xFFu);
        word >>= 8;
    }
}

/* All channels of two pixels (rectified), whose widened taps are at `pixels`; the second's outputs lie `distance` bytes
 * behind the first's. */
static __attribute__((noinline)) void chipcast_pair_rectified(const struct chipcast_byte_pairs *p,
                                                              const uint32_t *pixels, int8_t *output,
                                                              int32_t distance)
{
    const uint32_t *const end = pixels + 4 * p->groups;
    const int32_t odd = (p->groups - 1) & 1;
    const uint32_t *weights = p->weights;
    const int32_t *bias = p->bias, *table = p->table;
    int8_t *const stop = output + p->channels;
    for (; output < stop; output += 4) {
        const struct chipcast_pair_sums s = chipcast_sum_pairs(&weights, pixels, end, odd);
        const uint32_t word0 = chipcast_rectified_word(bias, table, p->shift, s.ab0, s.a0, s.cd0, s.c0);
        const uint32_t word1 = chipcast_rectified_word(bias, table, p->shift, s.ab1, s.a1, s.cd1, s.c1);
        bias += 4;
        table += 4;
        if (stop - output < 4) {
            chipcast_store_bytes(output, word0, (int32_t)(stop - output));
            chipcast_store_bytes(output + distance, word1, (int32_t)(stop - output));
            return;
        }
        chipcast_store_word(output, word0);
        chipcast_store_word(output + distance, word1);
    }
}

/* The same for layers of any sign. */
static __attribute__((noinline)) void chipcast_pair_any_sign(const struct chipcast_byte_pairs *p,
                                                             const uint32_t *pixels, int8_t *output,
                                                             int32_t distance)
{
    const uint32_t *const end = pixels + 4 * p->groups;
    const int32_t odd = (p->groups - 1) & 1;
    const uint32_t *weights = p->weights;
    const int32_t *bias = p->bias, *table = p->table;
    int8_t *const stop = output + p->channels;
    for (; output < stop; output += 4) {
        const struct chipcast_pair_sums s = chipcast_sum_pairs(&weights, pixels, end, odd);
        const uint32_t word0 =
            chipcast_any_sign_word(bias, table, p->minimum, p->maximum, s.ab0, s.a0, s.cd0, s.c0);
        const uint32_t word1 =
            chipcast_any_sign_word(bias, table, p->minimum, p->maximum, s.ab1, s.a1, s.cd1, s.c1);
        bias += 4;
        table += 12;
        if (stop - output < 4) {
            chipcast_store_bytes(output, word0, (int32_t)(stop - output));
            chipcast_store_bytes(output + distance, word1, (int32_t)(stop - output));
            return;
        }
        chipcast_store_word(output, word0);
        chipcast_store_word(output + distance, word1);
    }
}

static inline void chipcast_convolve_pair(const struct chipcast_byte_pairs *p, const uint32_t *pixels, int8_t *output,
                                          int32_t distance)
{
    if (p->any_sign) {
        chipcast_pair_any_sign(p, pixels, output, distance);
    } else {
        chipcast_pair_rectified(p, pixels, output, distance);
    }
}

/* Widens `groups` of four bytes into the words of one of two pixels. */
static inline void chipcast_widen(uint32_t *pixel, const int8_t *from, int32_t groups)
{
    for (; groups > 0; --groups) {
        const uint32_t word = chipcast_load_word(from);
        pixel[0] = chipcast_sxtb16(word);
        pixel[2] = chipcast_sxtb16_ror8(word);
        from += 4;
        pixel += 4;
    }
}

#endif
