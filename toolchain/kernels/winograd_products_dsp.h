/* The products of Winograd's minimal filtering on cores with DSP: for each plane (a place of the transformed
 * tile), sums over channels, for four output channels of two tiles at a time. */
#ifndef CHIPCAST_WINOGRAD_PRODUCTS_DSP_H
#define CHIPCAST_WINOGRAD_PRODUCTS_DSP_H

#include <stdint.h>

#include "dsp.h"

#define CHIPCAST_WINOGRAD_SUMS 8 /* of a plane: channels A, B, C, D, each of both tiles */

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__OPTIMIZE__)
/* Two channels of the input: 16 products. All fourteen registers are in use, r6 and r7 by %[x] and %[w]. */
#define CHIPCAST_WINOGRAD_WORD(instruction, a0, a1, b0, b1, c0, c1, d0, d1)                                  \
    "ldmia %[x]!, {r10, r11}\n"                                                                              \
    "ldmia %[w]!, {r12, lr}\n" instruction " r0, r12, r10" a0 "\n" instruction " r1, r12, r11" a1            \
    "\n" instruction " r2, lr, r10" b0 "\n" instruction " r3, lr, r11" b1 "\n"                               \
    "ldmia %[w]!, {r12, lr}\n" instruction " r4, r12, r10" c0 "\n" instruction " r5, r12, r11" c1            \
    "\n" instruction " r8, lr, r10" d0 "\n" instruction " r9, lr, r11" d1 "\n"
#define CHIPCAST_WINOGRAD_FIRST CHIPCAST_WINOGRAD_WORD("smuad", "", "", "", "", "", "", "", "")
#define CHIPCAST_WINOGRAD_NEXT                                                                               \
    CHIPCAST_WINOGRAD_WORD("smlad", ", r0", ", r1", ", r2", ", r3", ", r4", ", r5", ", r8", ", r9")
#define CHIPCAST_WINOGRAD_THREE CHIPCAST_WINOGRAD_NEXT CHIPCAST_WINOGRAD_NEXT CHIPCAST_WINOGRAD_NEXT
#define CHIPCAST_WINOGRAD_FOUR CHIPCAST_WINOGRAD_THREE CHIPCAST_WINOGRAD_NEXT
/* All planes; `first` and `more` are the runs of words that a plane begins with, and goes on with. */
#define CHIPCAST_WINOGRAD_PLANES(first, more)                                                                \
    __asm__ volatile("1:\n" first "ldr r10, %[end]\n"                                                        \
                     "cmp %[x], r10\n"                                                                       \
                     "beq 3f\n"                                                                              \
                     "2:\n" more "ldr r10, %[end]\n"                                                         \
                     "cmp %[x], r10\n"                                                                       \
                     "bne 2b\n"                                                                              \
                     "3: ldr r10, %[sums]\n"                                                                 \
                     "ldr r11, %[end]\n"                                                                     \
                     "ldr r12, %[pitch]\n"                                                                   \
                     "ldr lr, %[last]\n"                                                                     \
                     "stmia r10!, {r0, r1, r2, r3, r4, r5, r8, r9}\n"                                        \
                     "add r11, r11, r12\n"                                                                   \
                     "str r10, %[sums]\n"                                                                    \
                     "str r11, %[end]\n"                                                                     \
                     "cmp %[x], lr\n"                                                                        \
                     "bne 1b\n"                                                                              \
                     : [x] "+r"(values), [w] "+r"(weights), [sums] "+m"(sums), [end] "+m"(end)               \
                     : [pitch] "m"(pitch), [last] "m"(last)                                                  \
                     : "r0", "r1", "r2", "r3", "r4", "r5", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory")
#endif

/* sums[plane][channel A to D][tile] of values[plane][word][tile] and weights[plane][word][channel]; a word has
 * two of the input's channels, and `words` is a multiple of four. */
static __attribute__((noinline)) void chipcast_winograd_products(const uint32_t *values, const uint32_t *weights,
                                                                 int32_t words, int32_t planes, int32_t *sums)
{
    const uint32_t *const last = values + 2 * words * planes;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__OPTIMIZE__)
    const int32_t pitch = 8 * words;
    const uint32_t *end = values + 2 * words;
    if (words % 8 == 0) {
        CHIPCAST_WINOGRAD_PLANES(CHIPCAST_WINOGRAD_FIRST CHIPCAST_WINOGRAD_THREE CHIPCAST_WINOGRAD_FOUR,
                                 CHIPCAST_WINOGRAD_FOUR CHIPCAST_WINOGRAD_FOUR);
    } else {
        CHIPCAST_WINOGRAD_PLANES(CHIPCAST_WINOGRAD_FIRST CHIPCAST_WINOGRAD_THREE, CHIPCAST_WINOGRAD_FOUR);
    }
#else
    for (; values != last; sums += CHIPCAST_WINOGRAD_SUMS) {
        for (int32_t i = 0; i < CHIPCAST_WINOGRAD_SUMS; ++i) {
            int32_t sum = 0;
            for (int32_t word = 0; word < words; ++word) {
                sum = chipcast_smlad(weights[4 * word + i / 2], values[2 * word + i % 2], sum);
            }
            sums[i] = sum;
        }
        values += 2 * words;
        weights += 4 * words;
    }
#endif
}

#undef CHIPCAST_WINOGRAD_PLANES
#undef CHIPCAST_WINOGRAD_FOUR
#undef CHIPCAST_WINOGRAD_THREE
#undef CHIPCAST_WINOGRAD_NEXT
#undef CHIPCAST_WINOGRAD_FIRST
#undef CHIPCAST_WINOGRAD_WORD

#endif
