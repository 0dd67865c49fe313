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

/* Adds the products of widened taps, two groups at a time, up to `end`; `*weights` moves on by as many. */
CHIPCAST_INLINE void chipcast_add_widened(struct chipcast_row_sums *s, const uint32_t **weights, const uint32_t *x,
                                          const uint32_t *end)
{
    const uint32_t *w = *weights;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    __asm__ volatile("1:\n"
                     "ldmia %[x]!, {r4-r7}\n" CHIPCAST_GROUP("r4", "r5") CHIPCAST_GROUP("r6", "r7")
                     "ldr r8, %[end]\n"
                     "cmp %[x], r8\n"
                     "bne 1b\n"
                     : [ab] "+r"(s->ab), [a] "+r"(s->a), [cd] "+r"(s->cd), [c] "+r"(s->c), [w] "+r"(w), [x] "+r"(x)
                     : [end] "m"(end)
                     : "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory");
#else
    for (; x != end; x += 2, w += 4) {
        chipcast_add_group(s, w, x[0], x[1]);
    }
#endif
    *weights = w;
}

/* The same for taps that are bytes still. */
CHIPCAST_INLINE void chipcast_add_bytes(struct chipcast_row_sums *s, const uint32_t **weights, const int8_t *x,
                                        const int8_t *end)
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
                     : [ab] "+r"(s->ab), [a] "+r"(s->a), [cd] "+r"(s->cd), [c] "+r"(s->c), [w] "+r"(w), [x] "+r"(x)
                     : [end] "m"(end)
                     : "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory");
#else
    for (; x != end; x += 4, w += 4) {
        const uint32_t word = chipcast_load_word(x);
        chipcast_add_group(s, w, chipcast_sxtb16(word), chipcast_sxtb16_ror8(word));
    }
#endif
    *weights = w;
}

/* Four outputs from their sums, or as many as are left; the output stage's rows are moved on. */
CHIPCAST_INLINE void chipcast_store_outputs(const struct chipcast_byte_pairs *p, int32_t channel,
                                            struct chipcast_row_sums s, int8_t *output)
{
    const int32_t left = p->channels - channel;
    const int32_t *bias = p->bias + channel;
    const uint32_t word =
        p->any_sign ? chipcast_any_sign_word(bias, p->table + 3 * channel, chipcast_four_times(p->minimum + 128),
                                             chipcast_four_times(p->maximum + 128), s.ab, s.a, s.cd, s.c)
                    : chipcast_rectified_word(bias, p->table + channel, p->shift, s.ab, s.a, s.cd, s.c);
    if (left < 4) {
        chipcast_store_bytes(output + channel, word, left);
    } else {
        chipcast_store_word(output + channel, word);
    }
}

#endif
