/* Fully connected layers on cores with DSP: four outputs of one row at a time, weights in byte pairs. */
#ifndef CHIPCAST_BYTE_PAIRS_ROW_DSP_H
#define CHIPCAST_BYTE_PAIRS_ROW_DSP_H

#include <stdint.h>

#include "byte_pairs_dsp.h"

/* Of two pairs of channels: R, and the sums of A and C. */
struct chipcast_row_sums {
    uint32_t ab, a, cd, c;
};

/* Four taps, widened: x0 has taps 0 and 2, x1 has 1 and 3; `weights` are the group's four words. */
static inline void chipcast_add_group(struct chipcast_row_sums *s, const uint32_t *weights, uint32_t x0, uint32_t x1)
{
    s->ab = (uint32_t)chipcast_smlad(weights[0], x0, (int32_t)s->ab);
    s->cd = (uint32_t)chipcast_smlad(weights[1], x0, (int32_t)s->cd);
    s->ab = (uint32_t)chipcast_smlad(weights[2], x1, (int32_t)s->ab);
    s->cd = (uint32_t)chipcast_smlad(weights[3], x1, (int32_t)s->cd);
    s->a = (uint32_t)chipcast_smlad(chipcast_sxtb16(weights[0]), x0, (int32_t)s->a);
    s->c = (uint32_t)chipcast_smlad(chipcast_sxtb16(weights[1]), x0, (int32_t)s->c);
    s->a = (uint32_t)chipcast_smlad(chipcast_sxtb16(weights[2]), x1, (int32_t)s->a);
    s->c = (uint32_t)chipcast_smlad(chipcast_sxtb16(weights[3]), x1, (int32_t)s->c);
}

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
/* A group's products, its words in r8 to r11 and its taps in `x0` and `x1`. */
#define CHIPCAST_GROUP(x0, x1)                                                                               \
    "ldmia %[w]!, {r8-r11}\n"                                                                                \
    "smlad %[ab], r8, " x0 ", %[ab]\n"                                                                       \
    "smlad %[cd], r9, " x0 ", %[cd]\n"                                                                       \
    "smlad %[ab], r10, " x1 ", %[ab]\n"                                                                      \
    "smlad %[cd], r11, " x1 ", %[cd]\n"                                                                      \
    "sxtb16 r8, r8\n"                                                                                        \
    "sxtb16 r9, r9\n"                                                                                        \
    "sxtb16 r10, r10\n"                                                                                      \
    "sxtb16 r11, r11\n"                                                                                      \
    "smlad %[a], r8, " x0 ", %[a]\n"                                                                         \
    "smlad %[c], r9, " x0 ", %[c]\n"                                                                         \
    "smlad %[a], r10, " x1 ", %[a]\n"                                                                        \
    "smlad %[c], r11, " x1 ", %[c]\n"
#endif

/* Where a row's run over blocks of channels stands. */
struct chipcast_row_run {
    const uint32_t *weights;
    const int32_t *bias;
    const int32_t *table;
    int8_t *output;
    int32_t shift;
};

/* Adds the products of widened taps, two groups at a time, up to `*end`; `*weights` moves on by as many.
 * `*entry` is how many times two groups there are, modulo four. */
CHIPCAST_INLINE void chipcast_add_widened(struct chipcast_row_sums *s, const uint32_t **weights, const uint32_t *x,
                                          const uint32_t **end, int32_t *entry)
{
    const uint32_t *w = *weights;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
#define CHIPCAST_EIGHT_TAPS "ldmia %[x]!, {r4-r7}\n" CHIPCAST_GROUP("r4", "r5") CHIPCAST_GROUP("r6", "r7")
    __asm__ volatile("ldr r8, %[entry]\n"
                     "tbb [pc, r8]\n"
                     "0: .byte (1f - 0b) / 2, (4f - 0b) / 2, (3f - 0b) / 2, (2f - 0b) / 2\n"
                     "1:\n" CHIPCAST_EIGHT_TAPS "2:\n" CHIPCAST_EIGHT_TAPS "3:\n" CHIPCAST_EIGHT_TAPS
                     "4:\n" CHIPCAST_EIGHT_TAPS "ldr r8, %[end]\n"
                     "cmp %[x], r8\n"
                     "bne 1b\n"
                     : [ab] "+r"(s->ab), [a] "+r"(s->a), [cd] "+r"(s->cd), [c] "+r"(s->c), [w] "+r"(w),
                       [x] "+r"(x), [end] "+m"(*end), [entry] "+m"(*entry)
                     :
                     : "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory");
#undef CHIPCAST_EIGHT_TAPS
#else
    (void)entry;
    for (; x != *end; x += 2, w += 4) {
        chipcast_add_group(s, w, x[0], x[1]);
    }
#endif
    *weights = w;
}

/* The same for taps that are bytes still. */
CHIPCAST_INLINE void chipcast_add_bytes(struct chipcast_row_sums *s, const uint32_t **weights, const int8_t *x,
                                        const int8_t **end)
{
    const uint32_t *w = *weights;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    __asm__ volatile("1:\n"
                     "ldr r4, [%[x]], #4\n"
                     "ldr r6, [%[x]], #4\n"
                     "sxtb16 r5, r4, ror #8\n"
                     "sxtb16 r4, r4\n"
                     "sxtb16 r7, r6, ror #8\n"
                     "sxtb16 r6, r6\n" CHIPCAST_GROUP("r4", "r5") CHIPCAST_GROUP("r6", "r7")
                     "ldr r8, %[end]\n"
                     "cmp %[x], r8\n"
                     "bne 1b\n"
                     : [ab] "+r"(s->ab), [a] "+r"(s->a), [cd] "+r"(s->cd), [c] "+r"(s->c), [w] "+r"(w),
                       [x] "+r"(x), [end] "+m"(*end)
                     :
                     : "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory");
#else
    for (; x != *end; x += 4, w += 4) {
        const uint32_t word = chipcast_load_word(x);
        chipcast_add_group(s, w, chipcast_sxtb16(word), chipcast_sxtb16_ror8(word));
    }
#endif
    *weights = w;
}

/* Four outputs as bytes, rectified; bias and table move on. */
CHIPCAST_INLINE uint32_t chipcast_next_rectified(struct chipcast_row_run *run, struct chipcast_row_sums s)
{
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    __asm__ volatile("ldr r4, %[bias]\n"
                     "ldmia r4!, {r5-r8}\n"
                     "str r4, %[bias]\n"
                     "sub %[ab], %[ab], %[a]\n"
                     "sub %[cd], %[cd], %[c]\n"
                     "add %[a], r5, %[a], lsl #8\n"
                     "add %[ab], %[ab], r6\n"
                     "add %[c], r7, %[c], lsl #8\n"
                     "add %[cd], %[cd], r8\n"
                     "ldr r4, %[table]\n"
                     "ldmia r4!, {r5-r8}\n"
                     "str r4, %[table]\n"
                     "ldr r9, %[shift]\n"
                     "smmul %[a], %[a], r5\n"
                     "smmul %[ab], %[ab], r6\n"
                     "smmul %[c], %[c], r7\n"
                     "smmul %[cd], %[cd], r8\n"
                     "asr %[a], %[a], r9\n"
                     "asr %[ab], %[ab], r9\n"
                     "asr %[c], %[c], r9\n"
                     "asr %[cd], %[cd], r9\n"
                     : [ab] "+r"(s.ab), [a] "+r"(s.a), [cd] "+r"(s.cd), [c] "+r"(s.c), [bias] "+m"(run->bias),
                       [table] "+m"(run->table), [shift] "+m"(run->shift)
                     :
                     : "r4", "r5", "r6", "r7", "r8", "r9", "memory");
    const uint32_t even = chipcast_usat16_8(chipcast_pkhbt_lsl16(s.a, s.c));
    const uint32_t odd = chipcast_usat16_8(chipcast_pkhbt_lsl16(s.ab, s.cd));
    return (even | (odd << 8)) ^ 0x80808080u;
#else
    const uint32_t word = chipcast_rectified_word(run->bias, run->table, run->shift, s.ab, s.a, s.cd, s.c);
    run->bias += 4;
    run->table += 4;
    return word;
#endif
}

/* The same around any zero point. */
CHIPCAST_INLINE uint32_t chipcast_next_any_sign(const struct chipcast_byte_pairs *p, struct chipcast_row_run *run,
                                                struct chipcast_row_sums s)
{
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
#define CHIPCAST_CHANNEL(y)                                                                                  \
    "ldmia r4!, {r5-r7}\n"                                                                                   \
    "add r6, r6, %[" y "], asr #31\n"                                                                        \
    "smmlar %[" y "], %[" y "], r5, r6\n"                                                                    \
    "asr %[" y "], %[" y "], r7\n"
    __asm__ volatile("ldr r4, %[bias]\n"
                     "ldmia r4!, {r5-r8}\n"
                     "str r4, %[bias]\n"
                     "sub %[ab], %[ab], %[a]\n"
                     "sub %[cd], %[cd], %[c]\n"
                     "add %[a], r5, %[a], lsl #1\n"
                     "add %[ab], r6, %[ab], asr #7\n"
                     "add %[c], r7, %[c], lsl #1\n"
                     "add %[cd], r8, %[cd], asr #7\n"
                     "ldr r4, %[table]\n" CHIPCAST_CHANNEL("a") CHIPCAST_CHANNEL("ab") CHIPCAST_CHANNEL("c")
                         CHIPCAST_CHANNEL("cd")
                     "str r4, %[table]\n"
                     : [ab] "+r"(s.ab), [a] "+r"(s.a), [cd] "+r"(s.cd), [c] "+r"(s.c), [bias] "+m"(run->bias),
                       [table] "+m"(run->table)
                     :
                     : "r4", "r5", "r6", "r7", "r8", "memory");
#undef CHIPCAST_CHANNEL
    const uint32_t even = chipcast_usat16_8(chipcast_pkhbt_lsl16(s.a, s.c));
    const uint32_t odd = chipcast_usat16_8(chipcast_pkhbt_lsl16(s.ab, s.cd));
    const uint32_t word = (even | (odd << 8)) ^ 0x80808080u;
    if (p->minimum == -128 && p->maximum == 127) {
        return word;
    }
    return chipcast_clamp_bytes(word ^ 0x80808080u, chipcast_four_times(p->minimum + 128),
                                chipcast_four_times(p->maximum + 128)) ^
           0x80808080u;
#else
    const uint32_t word =
        chipcast_any_sign_word(run->bias, run->table, chipcast_four_times(p->minimum + 128),
                               chipcast_four_times(p->maximum + 128), s.ab, s.a, s.cd, s.c);
    run->bias += 4;
    run->table += 12;
    return word;
#endif
}

/* Stores the next four outputs, or as many as are left. */
CHIPCAST_INLINE void chipcast_store_next(const struct chipcast_byte_pairs *p, struct chipcast_row_run *run,
                                         struct chipcast_row_sums s, int32_t left)
{
    const uint32_t word = p->any_sign ? chipcast_next_any_sign(p, run, s) : chipcast_next_rectified(run, s);
    if (left < 4) {
        chipcast_store_bytes(run->output, word, left);
    } else {
        chipcast_store_word(run->output, word);
    }
    run->output += 4;
}

#endif
