/* The inner block of convolutions on cores with DSP: four output channels of two pixels at a time, weights in
 * byte pairs. The pixels' widened words alternate. */
#ifndef CHIPCAST_BYTE_PAIRS_PIXELS_DSP_H
#define CHIPCAST_BYTE_PAIRS_PIXELS_DSP_H

#include <stdint.h>

#include "byte_pairs_dsp.h"

/* Of two pixels (0 and 1) and two pairs of channels: R, and the sums of A and C. */
struct chipcast_pair_sums {
    uint32_t ab0, ab1, a0, a1, cd0, cd1, c0, c1;
};

/* Sums over the pixels' words up to `*end`; `*weights` moves on by as many. `*entry` is how many groups but the
 * first there are, modulo four. */
CHIPCAST_INLINE struct chipcast_pair_sums chipcast_sum_pairs(const uint32_t **weights, const uint32_t *pixels,
                                                             const uint32_t **end, int32_t *entry)
{
    struct chipcast_pair_sums s;
    const uint32_t *w = *weights;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    /* All fourteen registers are in use, which is more than gcc's own allocation gets by with; the end lies in
     * memory and is looked at once in 128 products. */
#define CHIPCAST_HALF_GROUP(first, add_ab0, add_ab1, add_a0, add_a1, add_cd0, add_cd1, add_c0, add_c1)       \
    "ldmia %[x]!, {r8, r9}\n"                                                                                \
    "ldmia %[w]!, {r10, r11}\n" first " %[ab0], r10, r8" add_ab0 "\n" first " %[ab1], r10, r9" add_ab1        \
    "\n"                                                                                                     \
    "sxtb16 r10, r10\n" first " %[cd0], r11, r8" add_cd0 "\n" first " %[cd1], r11, r9" add_cd1               \
    "\n"                                                                                                     \
    "sxtb16 r11, r11\n" first " %[a0], r10, r8" add_a0 "\n" first " %[a1], r10, r9" add_a1 "\n" first        \
    " %[c0], r11, r8" add_c0 "\n" first " %[c1], r11, r9" add_c1 "\n"
#define CHIPCAST_FIRST CHIPCAST_HALF_GROUP("smuad", "", "", "", "", "", "", "", "")
#define CHIPCAST_NEXT                                                                                        \
    CHIPCAST_HALF_GROUP("smlad", ", %[ab0]", ", %[ab1]", ", %[a0]", ", %[a1]", ", %[cd0]", ", %[cd1]",       \
                        ", %[c0]", ", %[c1]")
    __asm__ volatile(CHIPCAST_FIRST CHIPCAST_NEXT
                     "ldr r8, %[entry]\n"
                     "tbb [pc, r8]\n"
                     "0: .byte (5f - 0b) / 2, (4f - 0b) / 2, (3f - 0b) / 2, (2f - 0b) / 2\n"
                     "1:\n" CHIPCAST_NEXT CHIPCAST_NEXT
                     "2:\n" CHIPCAST_NEXT CHIPCAST_NEXT
                     "3:\n" CHIPCAST_NEXT CHIPCAST_NEXT
                     "4:\n" CHIPCAST_NEXT CHIPCAST_NEXT
                     "5: ldr r8, %[end]\n"
                     "cmp %[x], r8\n"
                     "bne 1b\n"
                     : [ab0] "=&r"(s.ab0), [ab1] "=&r"(s.ab1), [a0] "=&r"(s.a0), [a1] "=&r"(s.a1),
                       [cd0] "=&r"(s.cd0), [cd1] "=&r"(s.cd1), [c0] "=&r"(s.c0), [c1] "=&r"(s.c1),
                       [w] "+r"(w), [x] "+r"(pixels), [end] "+m"(*end), [entry] "+m"(*entry)
                     :
                     : "r8", "r9", "r10", "r11", "cc", "memory");
#undef CHIPCAST_NEXT
#undef CHIPCAST_FIRST
#undef CHIPCAST_HALF_GROUP
#else
    (void)entry;
    memset(&s, 0, sizeof s);
    for (; pixels != *end; pixels += 2, w += 2) {
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

/* Where a run over blocks of channels stands; `end` and `entry` are for chipcast_sum_pairs. */
struct chipcast_run {
    const uint32_t *weights;
    const uint32_t *end;
    const int32_t *bias;
    const int32_t *table;
    int8_t *output;
    int32_t distance;
    int32_t entry;
    int32_t shift;
    int32_t clamped;
    uint32_t low;
    uint32_t high;
};

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
/* The output stage in assembly as well: the eight sums leave gcc too few registers to load a constant once. */

/* Four outputs' values, from A, B, C and D, as bytes in the register of B. */
#define CHIPCAST_BYTES(b, a, d, c)                                                                           \
    "pkhbt %[" a "], %[" a "], %[" c "], lsl #16\n"                                                          \
    "pkhbt %[" b "], %[" b "], %[" d "], lsl #16\n"                                                          \
    "usat16 %[" a "], #8, %[" a "]\n"                                                                        \
    "usat16 %[" b "], #8, %[" b "]\n"                                                                        \
    "orr %[" b "], %[" a "], %[" b "], lsl #8\n"

#define CHIPCAST_OPERANDS                                                                                    \
    [ab0] "+r"(s.ab0), [ab1] "+r"(s.ab1), [a0] "+r"(s.a0), [a1] "+r"(s.a1), [cd0] "+r"(s.cd0),               \
        [cd1] "+r"(s.cd1), [c0] "+r"(s.c0), [c1] "+r"(s.c1), [rows] "=&r"(rows), [bias] "+m"(run->bias),     \
        [table] "+m"(run->table)
#endif

/* Stores channels A to D of two pixels, rectified; the run moves on by a block. */
CHIPCAST_INLINE void chipcast_store_rectified(struct chipcast_run *run, struct chipcast_pair_sums s)
{
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    uint32_t rows;
#define CHIPCAST_PAIR(b0, b1, a0, a1)                                                                        \
    "ldmia r8!, {r9, r10}\n"                                                                                 \
    "sub %[" b0 "], %[" b0 "], %[" a0 "]\n"                                                                  \
    "sub %[" b1 "], %[" b1 "], %[" a1 "]\n"                                                                  \
    "add %[" a0 "], r9, %[" a0 "], lsl #8\n"                                                                 \
    "add %[" a1 "], r9, %[" a1 "], lsl #8\n"                                                                 \
    "add %[" b0 "], %[" b0 "], r10\n"                                                                        \
    "add %[" b1 "], %[" b1 "], r10\n"                                                                        \
    "ldmia %[rows]!, {r9, r10}\n"                                                                            \
    "smmul %[" a0 "], %[" a0 "], r9\n"                                                                       \
    "smmul %[" a1 "], %[" a1 "], r9\n"                                                                       \
    "smmul %[" b0 "], %[" b0 "], r10\n"                                                                      \
    "smmul %[" b1 "], %[" b1 "], r10\n"                                                                      \
    "asr %[" a0 "], %[" a0 "], r11\n"                                                                        \
    "asr %[" a1 "], %[" a1 "], r11\n"                                                                        \
    "asr %[" b0 "], %[" b0 "], r11\n"                                                                        \
    "asr %[" b1 "], %[" b1 "], r11\n"
    __asm__ volatile("ldr r8, %[bias]\n"
                     "ldr %[rows], %[table]\n"
                     "ldr r11, %[shift]\n" CHIPCAST_PAIR("ab0", "ab1", "a0", "a1")
                         CHIPCAST_PAIR("cd0", "cd1", "c0", "c1")
                     "str r8, %[bias]\n"
                     "str %[rows], %[table]\n" CHIPCAST_BYTES("ab0", "a0", "cd0", "c0")
                         CHIPCAST_BYTES("ab1", "a1", "cd1", "c1")
                     "ldr r8, %[output]\n"
                     "ldr r9, %[distance]\n"
                     "eor %[ab0], %[ab0], #0x80808080\n"
                     "eor %[ab1], %[ab1], #0x80808080\n"
                     "str %[ab1], [r8, r9]\n"
                     "str %[ab0], [r8], #4\n"
                     "str r8, %[output]\n"
                     : CHIPCAST_OPERANDS, [shift] "+m"(run->shift), [output] "+m"(run->output),
                       [distance] "+m"(run->distance)
                     :
                     : "r8", "r9", "r10", "r11", "memory");
#undef CHIPCAST_PAIR
#else
    const uint32_t word0 =
        chipcast_rectified_word(run->bias, run->table, run->shift, s.ab0, s.a0, s.cd0, s.c0);
    const uint32_t word1 =
        chipcast_rectified_word(run->bias, run->table, run->shift, s.ab1, s.a1, s.cd1, s.c1);
    chipcast_store_word(run->output + run->distance, word1);
    chipcast_store_word(run->output, word0);
    run->bias += 4;
    run->table += 4;
    run->output += 4;
#endif
}

/* The same for layers of any sign. */
CHIPCAST_INLINE void chipcast_store_any_sign(struct chipcast_run *run, struct chipcast_pair_sums s)
{
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    uint32_t rows;
#define CHIPCAST_CHANNEL(y0, y1)                                                                             \
    "ldmia %[rows]!, {r9, r10, r11}\n"                                                                       \
    "add r8, r10, %[" y0 "], asr #31\n"                                                                      \
    "add r10, r10, %[" y1 "], asr #31\n"                                                                     \
    "smmlar %[" y0 "], %[" y0 "], r9, r8\n"                                                                  \
    "smmlar %[" y1 "], %[" y1 "], r9, r10\n"                                                                 \
    "asr %[" y0 "], %[" y0 "], r11\n"                                                                        \
    "asr %[" y1 "], %[" y1 "], r11\n"
#define CHIPCAST_PAIR(b0, b1, a0, a1)                                                                        \
    "ldr r8, %[bias]\n"                                                                                      \
    "sub %[" b0 "], %[" b0 "], %[" a0 "]\n"                                                                  \
    "sub %[" b1 "], %[" b1 "], %[" a1 "]\n"                                                                  \
    "ldmia r8!, {r9, r10}\n"                                                                                 \
    "str r8, %[bias]\n"                                                                                      \
    "add %[" a0 "], r9, %[" a0 "], lsl #1\n"                                                                 \
    "add %[" a1 "], r9, %[" a1 "], lsl #1\n"                                                                 \
    "add %[" b0 "], r10, %[" b0 "], asr #7\n"                                                                \
    "add %[" b1 "], r10, %[" b1 "], asr #7\n" CHIPCAST_CHANNEL(a0, a1) CHIPCAST_CHANNEL(b0, b1)
    __asm__ volatile("ldr %[rows], %[table]\n" CHIPCAST_PAIR("ab0", "ab1", "a0", "a1")
                         CHIPCAST_PAIR("cd0", "cd1", "c0", "c1")
                     "str %[rows], %[table]\n" CHIPCAST_BYTES("ab0", "a0", "cd0", "c0")
                         CHIPCAST_BYTES("ab1", "a1", "cd1", "c1")
                     : CHIPCAST_OPERANDS
                     :
                     : "r8", "r9", "r10", "r11", "memory");
    uint32_t word0 = s.ab0, word1 = s.ab1;
    if (run->clamped) {
        word0 = chipcast_clamp_bytes(word0, run->low, run->high);
        word1 = chipcast_clamp_bytes(word1, run->low, run->high);
    }
    chipcast_store_word(run->output + run->distance, word1 ^ 0x80808080u);
    chipcast_store_word(run->output, word0 ^ 0x80808080u);
    run->output += 4;
#undef CHIPCAST_PAIR
#undef CHIPCAST_CHANNEL
#else
    const uint32_t word0 =
        chipcast_any_sign_word(run->bias, run->table, run->low, run->high, s.ab0, s.a0, s.cd0, s.c0);
    const uint32_t word1 =
        chipcast_any_sign_word(run->bias, run->table, run->low, run->high, s.ab1, s.a1, s.cd1, s.c1);
    chipcast_store_word(run->output + run->distance, word1);
    chipcast_store_word(run->output, word0);
    run->bias += 4;
    run->table += 12;
    run->output += 4;
#endif
}

#undef CHIPCAST_OPERANDS
#undef CHIPCAST_BYTES

/* The blocks of four channels go from the first channel on; where there is no multiple of four, the second
 * begins within the first, whose last channels are computed again. `first` is how many blocks come before that
 * step back of `overlap` channels: 1, or all. */
#define CHIPCAST_FOR_BLOCKS(p, run, pixels, to, apart)                                                       \
    struct chipcast_run run = {                                                                              \
        (p)->weights, (pixels) + 4 * (p)->groups, (p)->bias, (p)->table, to, apart,                          \
        ((p)->groups - 1) & 3, (p)->shift, (p)->minimum > -128 || (p)->maximum < 127,                        \
        chipcast_four_times((p)->minimum + 128), chipcast_four_times((p)->maximum + 128),                    \
    };                                                                                                       \
    const int32_t overlap = -(p)->channels & 3;                                                              \
    int32_t left = ((p)->channels + 3) / 4, count = overlap ? 1 : left;                                      \
    for (left -= count; count > 0; run.output -= overlap, count = left, left = 0)                            \
        for (; count > 0; --count)

/* All channels of two pixels, whose widened taps are at `pixels`; the second's outputs lie `distance` bytes
 * behind the first's. Four channels at least. */
static __attribute__((noinline)) void chipcast_pair_rectified(const struct chipcast_byte_pairs *p,
                                                              const uint32_t *pixels, int8_t *output,
                                                              int32_t distance)
{
    CHIPCAST_FOR_BLOCKS(p, run, pixels, output, distance)
    {
        const struct chipcast_pair_sums s = chipcast_sum_pairs(&run.weights, pixels, &run.end, &run.entry);
        chipcast_store_rectified(&run, s);
    }
}

/* The same for layers of any sign. */
static __attribute__((noinline)) void chipcast_pair_any_sign(const struct chipcast_byte_pairs *p,
                                                             const uint32_t *pixels, int8_t *output,
                                                             int32_t distance)
{
    CHIPCAST_FOR_BLOCKS(p, run, pixels, output, distance)
    {
        const struct chipcast_pair_sums s = chipcast_sum_pairs(&run.weights, pixels, &run.end, &run.entry);
        chipcast_store_any_sign(&run, s);
    }
}

#undef CHIPCAST_FOR_BLOCKS

/* Widens `count` bytes, in fours, of two pixels. */
CHIPCAST_INLINE uint32_t *chipcast_widen_pair(uint32_t *pixels, const int8_t *first, const int8_t *second,
                                              int32_t count)
{
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    const int8_t *const end = first + count;
    if (count > 0) {
        __asm__ volatile("1:\n"
                         "ldr r9, [%[first]], #4\n"
                         "ldr r10, [%[second]], #4\n"
                         "sxtb16 r8, r9, ror #8\n"
                         "sxtb16 r4, r9\n"
                         "sxtb16 r9, r10, ror #8\n"
                         "sxtb16 r5, r10\n"
                         "stmia %[pixels]!, {r4, r5, r8, r9}\n"
                         "cmp %[first], %[end]\n"
                         "bne 1b\n"
                         : [pixels] "+&r"(pixels), [first] "+&r"(first), [second] "+&r"(second)
                         : [end] "r"(end)
                         : "r4", "r5", "r8", "r9", "r10", "cc", "memory");
    }
#else
    for (int32_t i = 0; i < count; i += 4) {
        const uint32_t word0 = chipcast_load_word(first + i), word1 = chipcast_load_word(second + i);
        *pixels++ = chipcast_sxtb16(word0);
        *pixels++ = chipcast_sxtb16(word1);
        *pixels++ = chipcast_sxtb16_ror8(word0);
        *pixels++ = chipcast_sxtb16_ror8(word1);
    }
#endif
    return pixels;
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

#endif
