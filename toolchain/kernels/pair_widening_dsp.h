/* The inputs of two pixels at a time, widened into words that alternate, for convolutions on cores with DSP. */
#ifndef CHIPCAST_PAIR_WIDENING_DSP_H
#define CHIPCAST_PAIR_WIDENING_DSP_H

#include <stdint.h>

#include "byte_pairs_dsp.h"

/* Widens four bytes of two pixels. */
CHIPCAST_INLINE void chipcast_widen_four(uint32_t **pixels, const int8_t **first, const int8_t **second)
{
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    __asm__ volatile("ldr r4, [%[first]], #4\n"
                     "ldr r5, [%[second]], #4\n"
                     "sxtb16 r6, r4, ror #8\n"
                     "sxtb16 r8, r5, ror #8\n"
                     "sxtb16 r4, r4\n"
                     "sxtb16 r5, r5\n"
                     "stmia %[pixels]!, {r4, r5, r6, r8}\n"
                     : [pixels] "+r"(*pixels), [first] "+r"(*first), [second] "+r"(*second)
                     :
                     : "r4", "r5", "r6", "r8", "memory");
#else
    const uint32_t word0 = chipcast_load_word(*first), word1 = chipcast_load_word(*second);
    uint32_t *const to = *pixels;
    to[0] = chipcast_sxtb16(word0);
    to[1] = chipcast_sxtb16(word1);
    to[2] = chipcast_sxtb16_ror8(word0);
    to[3] = chipcast_sxtb16_ror8(word1);
    *first += 4;
    *second += 4;
    *pixels += 4;
#endif
}

/* Widens `count` bytes, in fours, of two pixels. */
CHIPCAST_INLINE uint32_t *chipcast_widen_pair(uint32_t *pixels, const int8_t *first, const int8_t *second,
                                              int32_t count)
{
    const int8_t *const end = first + count;
    if ((count & 4) != 0) {
        chipcast_widen_four(&pixels, &first, &second);
    }
    while (first != end) {
        chipcast_widen_four(&pixels, &first, &second);
        chipcast_widen_four(&pixels, &first, &second);
    }
    return pixels;
}

/* What pixels see of the image where nothing of it lies outside at the sides: `rows` of the filter, `pitch` bytes
 * apart, of each `whole` bytes in fours and a `rest`; pixels are `apart` bytes from one another. Where they are
 * widened to: `words` and `rests` of the first row inside the image; what is left of all rows, `all_rests` bytes a
 * pixel, is put together at `begin` and widened behind the rows. No `rows`: the pixels' words are there already. */
struct chipcast_views {
    const int8_t *from;
    int32_t apart;
    int32_t rows;
    int32_t pitch;
    int32_t whole;
    int32_t rest;
    uint32_t *words;
    int8_t *rests;
    int32_t all_rests;
    int8_t *begin;
    uint32_t *behind;
};

/* Rests of one byte, of four rows at a time: where there are fewer, the last one stands in for what has no weight. */
CHIPCAST_INLINE void chipcast_widen_single_rests(const struct chipcast_views *v)
{
    const int8_t *from = v->from + v->whole;
    uint32_t *words = v->behind;
    for (int32_t rows = v->rows; rows > 0; rows -= 4, words += 4) {
        const int8_t *const second = from + (rows > 1 ? v->pitch : 0), *const third = second + (rows > 2 ? v->pitch : 0);
        const int8_t *const fourth = third + (rows > 3 ? v->pitch : 0);
        words[0] = chipcast_pkhbt_lsl16((uint32_t)*from, (uint32_t)*third);
        words[1] = chipcast_pkhbt_lsl16((uint32_t)from[v->apart], (uint32_t)third[v->apart]);
        words[2] = chipcast_pkhbt_lsl16((uint32_t)*second, (uint32_t)*fourth);
        words[3] = chipcast_pkhbt_lsl16((uint32_t)second[v->apart], (uint32_t)fourth[v->apart]);
        from = fourth + v->pitch;
    }
}

/* Puts the rests of a pair's rows together and widens them. */
CHIPCAST_INLINE void chipcast_widen_rests(const struct chipcast_views *v)
{
    if (v->rest == 1 && v->rows == v->all_rests) {
        chipcast_widen_single_rests(v);
        return;
    }
    const int32_t apart = v->apart, pitch = v->pitch, rest = v->rest, other = v->all_rests;
    for (int32_t i = 0; i < rest; ++i) {
        const int8_t *from = v->from + v->whole + i;
        int8_t *to = v->rests + i;
        for (int32_t row = v->rows; row > 0; --row) {
            const int8_t first = *from, second = from[apart];
            from += pitch;
            /* What follows stays in this loop: the compiler's other plans for it need long preparations. */
            __asm__ volatile("" : : : "memory");
            to[other] = second;
            *to = first;
            to += rest;
        }
    }
    uint32_t *words = v->behind;
    const int8_t *first = v->begin, *second = first + other;
    for (int32_t i = 0; i < other; i += 4) {
        chipcast_widen_four(&words, &first, &second);
    }
}

CHIPCAST_INLINE void chipcast_widen_views(struct chipcast_views *v)
{
    const int8_t *from = v->from;
    uint32_t *words = v->words;
    const int32_t apart = v->apart, whole = v->whole, pitch = v->pitch;
    for (int32_t row = v->rows; row > 0; --row) {
        words = chipcast_widen_pair(words, from, from + apart, whole);
        from += pitch;
    }
    if (v->rest > 0) {
        chipcast_widen_rests(v);
    }
    v->from += 2 * apart;
}

#endif
