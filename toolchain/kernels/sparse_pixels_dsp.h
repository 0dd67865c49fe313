/* The inner block of sparse convolutions on cores with DSP: four output channels of two pixels at a time, over
 * the taps where one of the four weights is not zero.
 *
 * A pixel pair's taps lie as words, one a tap: the first pixel in the low lane, the second in the high one. Live
 * taps come in units of four, five words each: a byte an index (within a run of 256 taps), then AB and CD of the
 * first two taps, AB and CD of the other two, in byte pairs (byte_pairs_dsp.h). What is missing in a unit has
 * weights of 0. */
#ifndef CHIPCAST_SPARSE_PIXELS_DSP_H
#define CHIPCAST_SPARSE_PIXELS_DSP_H

#include <stdint.h>

#include "byte_pairs_dsp.h"

#define CHIPCAST_UNIT_WORDS 5
#define CHIPCAST_RUN_TAPS 256

/* Of two pixels (0 and 1) and two pairs of channels: 256 * B + A, and the sums of A and C. */
struct chipcast_sparse_sums {
    uint32_t ab0, ab1, a0, a1, cd0, cd1, c0, c1;
};

/* Where a run over blocks of channels stands; `end` and `odd` are for chipcast_add_units. */
struct chipcast_sparse_run {
    const uint32_t *weights;
    const uint32_t *end;
    const int32_t *bias;
    const int32_t *table;
    int8_t *output;
    int32_t distance;
    int32_t odd;
    int32_t shift;
    int32_t clamped;
    uint32_t low;
    uint32_t high;
};

/* Adds the products of all units up to `*end`, of which there is one at least; `*odd`: their number is odd.
 * `*weights` moves on to the end. */
CHIPCAST_INLINE void chipcast_add_units(struct chipcast_sparse_sums *s, const uint32_t **weights,
                                        const uint32_t *pixels, const uint32_t **end, int32_t *odd)
{
    const uint32_t *w = *weights;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
/* Offsets are from a unit's last word, which is loaded last and moves on. */
#define CHIPCAST_TWO_TAPS(first, second, ab, cd)                                                             \
    "ldrb r8, [%[w], #" first "]\n"                                                                          \
    "ldrb r9, [%[w], #" second "]\n"                                                                         \
    "ldr r8, [%[x], r8, lsl #2]\n"                                                                           \
    "ldr r9, [%[x], r9, lsl #2]\n"                                                                           \
    "ldr r10, [%[w], #" ab "]\n"                                                                             \
    "pkhbt r11, r8, r9, lsl #16\n"                                                                           \
    "pkhtb r9, r9, r8, asr #16\n"                                                                            \
    "ldr r8, " cd "\n"                                                                                       \
    "smlad %[ab0], r10, r11, %[ab0]\n"                                                                       \
    "smlad %[ab1], r10, r9, %[ab1]\n"                                                                        \
    "sxtb16 r10, r10\n"                                                                                      \
    "smlad %[cd0], r8, r11, %[cd0]\n"                                                                        \
    "smlad %[cd1], r8, r9, %[cd1]\n"                                                                         \
    "sxtb16 r8, r8\n"                                                                                        \
    "smlad %[a0], r10, r11, %[a0]\n"                                                                         \
    "smlad %[a1], r10, r9, %[a1]\n"                                                                          \
    "smlad %[c0], r8, r11, %[c0]\n"                                                                          \
    "smlad %[c1], r8, r9, %[c1]\n"
#define CHIPCAST_UNIT                                                                                        \
    CHIPCAST_TWO_TAPS("-16", "-15", "-12", "[%[w], #-8]") CHIPCAST_TWO_TAPS("-14", "-13", "-4", "[%[w]], #20")
    w += CHIPCAST_UNIT_WORDS - 1;
    __asm__ volatile("ldr r8, %[odd]\n"
                     "cmp r8, #0\n"
                     "bne 2f\n"
                     "1:\n" CHIPCAST_UNIT "2:\n" CHIPCAST_UNIT "ldr r8, %[end]\n"
                     "cmp %[w], r8\n"
                     "bls 1b\n"
                     : [ab0] "+&r"(s->ab0), [ab1] "+&r"(s->ab1), [a0] "+&r"(s->a0), [a1] "+&r"(s->a1),
                       [cd0] "+&r"(s->cd0), [cd1] "+&r"(s->cd1), [c0] "+&r"(s->c0), [c1] "+&r"(s->c1),
                       [w] "+&r"(w), [x] "+&r"(pixels), [end] "+m"(*end), [odd] "+m"(*odd)
                     :
                     : "r8", "r9", "r10", "r11", "cc", "memory");
    w -= CHIPCAST_UNIT_WORDS - 1;
#undef CHIPCAST_UNIT
#undef CHIPCAST_TWO_TAPS
#else
    (void)odd;
    for (; w != *end; w += CHIPCAST_UNIT_WORDS) {
        for (int32_t half = 0; half < 2; ++half) {
            const uint32_t indices = w[0] >> (16 * half), ab = w[1 + 2 * half], cd = w[2 + 2 * half];
            const uint32_t first = pixels[indices & 0xFFu], second = pixels[(indices >> 8) & 0xFFu];
            const uint32_t x0 = chipcast_pkhbt_lsl16(first, second), x1 = chipcast_pkhtb_asr16(second, first);
            s->ab0 = (uint32_t)chipcast_smlad(ab, x0, (int32_t)s->ab0);
            s->ab1 = (uint32_t)chipcast_smlad(ab, x1, (int32_t)s->ab1);
            s->cd0 = (uint32_t)chipcast_smlad(cd, x0, (int32_t)s->cd0);
            s->cd1 = (uint32_t)chipcast_smlad(cd, x1, (int32_t)s->cd1);
            s->a0 = (uint32_t)chipcast_smlad(chipcast_sxtb16(ab), x0, (int32_t)s->a0);
            s->a1 = (uint32_t)chipcast_smlad(chipcast_sxtb16(ab), x1, (int32_t)s->a1);
            s->c0 = (uint32_t)chipcast_smlad(chipcast_sxtb16(cd), x0, (int32_t)s->c0);
            s->c1 = (uint32_t)chipcast_smlad(chipcast_sxtb16(cd), x1, (int32_t)s->c1);
        }
    }
#endif
    *weights = w;
}

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
CHIPCAST_INLINE void chipcast_store_sparse_rectified(struct chipcast_sparse_run *run, struct chipcast_sparse_sums s)
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
CHIPCAST_INLINE void chipcast_store_sparse_any_sign(struct chipcast_sparse_run *run, struct chipcast_sparse_sums s)
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

/* `counts` has the units of every run of 256 taps of every block of four channels, `runs` a block. */
struct chipcast_sparse_pixels {
    const struct chipcast_byte_pairs *pairs;
    const uint8_t *counts;
    int32_t runs;
};

/* All channels of two pixels; the second's outputs lie `distance` bytes behind the first's. Four channels at least;
 * where they are no multiple of four, the second block begins within the first. */
static __attribute__((noinline)) void chipcast_convolve_sparse_pair(const struct chipcast_sparse_pixels *p,
                                                                    const uint32_t *pixels, int8_t *output,
                                                                    int32_t distance)
{
    const struct chipcast_byte_pairs *const pairs = p->pairs;
    struct chipcast_sparse_run run = {
        pairs->weights, pairs->weights, pairs->bias, pairs->table, output, distance,
        0, pairs->shift, pairs->minimum > -128 || pairs->maximum < 127,
        chipcast_four_times(pairs->minimum + 128), chipcast_four_times(pairs->maximum + 128),
    };
    const uint8_t *counts = p->counts;
    for (int32_t left = (pairs->channels + 3) / 4; left > 0; --left) {
        struct chipcast_sparse_sums sums = {0, 0, 0, 0, 0, 0, 0, 0};
        const uint32_t *x = pixels;
        for (int32_t runs = p->runs; runs > 0; --runs) {
            const int32_t units = *counts++;
            if (units > 0) {
                run.end = run.weights + CHIPCAST_UNIT_WORDS * units;
                run.odd = units & 1;
                chipcast_add_units(&sums, &run.weights, x, &run.end, &run.odd);
            }
            x += CHIPCAST_RUN_TAPS;
        }
        if (pairs->any_sign) {
            chipcast_store_sparse_any_sign(&run, sums);
        } else {
            chipcast_store_sparse_rectified(&run, sums);
        }
        if (run.output == output + 4) {
            run.output -= -pairs->channels & 3;
        }
    }
}

#endif
