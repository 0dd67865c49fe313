/* The inner block of convolutions on cores with DSP: four output channels of two pixels at a time, weights in
 * byte pairs. The pixels' widened words alternate.
 *
 * All that a block of four channels (A, B, C, D) needs stands in a row, in the order in which it is read:
 *   saturated: the biases of B and D; the words of byte_pairs_dsp.h; the biases of A and C, the multipliers of A, C,
 *              B, D. An output is SSAT8(SMMLA(bias + 256 * sum, multiplier, zero) >> 10), see
 *              toolchain/compile/saturated_form.py.
 *   any sign:  0, 0; the words; the biases of A to D; of each multiplier, rounding and shift, as byte_pairs_dsp.h
 *              has them. */
#ifndef CHIPCAST_BYTE_PAIRS_PIXELS_DSP_H
#define CHIPCAST_BYTE_PAIRS_PIXELS_DSP_H

#include <stdint.h>

#include "byte_pairs_dsp.h"
#include "pair_widening_dsp.h"

/* PIXELS_SHIFT of toolchain/compile/byte_pair_blocks.py. */
#define CHIPCAST_PIXELS_SHIFT 10
/* Of code: groups that the first turn of a loop leaves out are jumped over. Any sign has the shorter loop. */
#define CHIPCAST_GROUP_BYTES 96
/* So many groups, the last ones of the saturated form's loop, load word by word, which is so many bytes more each:
 * four single loads in a row take a cycle less than two loads of two, and are two instructions more. Layers of few
 * channels have little but the last groups. */
#define CHIPCAST_SINGLE_LOADS 3
#define CHIPCAST_SINGLE_LOADS_BYTES 16

/* Blocks of four channels of `groups` of four taps. Where `channels` are no multiple of four, the second block
 * begins within the first, whose last channels are computed again. `minimum` and `maximum` are for any sign. */
struct chipcast_blocks {
    const uint32_t *blocks;
    int32_t groups;
    int32_t channels;
    int32_t any_sign;
    int32_t minimum;
    int32_t maximum;
};

/* Where a run over the blocks stands. */
struct chipcast_run {
    const uint32_t *block;  /* the first one */
    const uint32_t *last;   /* where it stops next: behind the first block if the second overlaps it, or behind all */
    const uint32_t *behind; /* all */
    int32_t overlap;
    const uint32_t *pixels;
    const uint32_t *end; /* of the pixels' words */
    int32_t skip;        /* bytes of code: groups that the first turn of the loop does, less the Thumb bit */
    uint32_t entry;      /* of that turn */
    int8_t *output;
    int32_t distance; /* to the second pixel's */
    int32_t clamped;
    struct {
        uint32_t low;
        uint32_t high;
    } range;
    int32_t following; /* pairs that the saturated form goes on with by itself: whole groups of one row */
    int32_t channels;
    const uint32_t *stop;         /* the first value of `last` */
    struct chipcast_views views; /* a copy here is reached without a pointer, for which there is no register */
};

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__OPTIMIZE__)
/* All fourteen registers are in use, which is more than gcc's own allocation gets by with:
 *   r0, r1: sums of A, of both pixels; r2, r3: 256 * B + A; r4 to r7: the same of C and D; r12: the block;
 *   lr: the pixels' words; r8 to r11: what is loaded.
 * What is needed once a block lies in memory. */
#define CHIPCAST_NEXT_HALF                                                                                   \
    "smlad r2, r10, r8, r2\n"                                                                                \
    "smlad r3, r10, r9, r3\n"                                                                                \
    "sxtb16 r10, r10\n"                                                                                      \
    "smlad r6, r11, r8, r6\n"                                                                                \
    "smlad r7, r11, r9, r7\n"                                                                                \
    "sxtb16 r11, r11\n"                                                                                      \
    "smlad r0, r10, r8, r0\n"                                                                                \
    "smlad r1, r10, r9, r1\n"                                                                                \
    "smlad r4, r11, r8, r4\n"                                                                                \
    "smlad r5, r11, r9, r5\n"
#define CHIPCAST_NEXT                                                                                        \
    "ldmia lr!, {r8, r9}\n"                                                                                  \
    "ldmia r12!, {r10, r11}\n" CHIPCAST_NEXT_HALF
#define CHIPCAST_NEXT_SINGLY                                                                                 \
    "ldr r9, [lr, #4]\n"                                                                                     \
    "ldr r8, [lr], #8\n"                                                                                     \
    "ldr r11, [r12, #4]\n"                                                                                   \
    "ldr r10, [r12], #8\n" CHIPCAST_NEXT_HALF
/* The block's first group, with what comes before it: sums still leave registers free to load more at once. */
#define CHIPCAST_FIRST                                                                                       \
    "ldmia r12!, {r3, r7, r10, r11}\n"                                                                       \
    "ldmia lr!, {r4, r5, r8, r9}\n"                                                                          \
    "smlad r2, r10, r4, r3\n"                                                                                \
    "smlad r3, r10, r5, r3\n"                                                                                \
    "sxtb16 r10, r10\n"                                                                                      \
    "smlad r6, r11, r4, r7\n"                                                                                \
    "smlad r7, r11, r5, r7\n"                                                                                \
    "sxtb16 r11, r11\n"                                                                                      \
    "smuad r0, r10, r4\n"                                                                                    \
    "smuad r1, r10, r5\n"                                                                                    \
    "smuad r4, r11, r4\n"                                                                                    \
    "smuad r5, r11, r5\n"                                                                                    \
    "ldmia r12!, {r10, r11}\n" CHIPCAST_NEXT_HALF
#define CHIPCAST_FOUR_GROUPS                                                                                 \
    CHIPCAST_NEXT CHIPCAST_NEXT CHIPCAST_NEXT CHIPCAST_NEXT CHIPCAST_NEXT CHIPCAST_NEXT CHIPCAST_NEXT CHIPCAST_NEXT
#define CHIPCAST_EIGHT_GROUPS                                                                                \
    CHIPCAST_FOUR_GROUPS CHIPCAST_NEXT CHIPCAST_NEXT CHIPCAST_NEXT_SINGLY CHIPCAST_NEXT_SINGLY                   \
        CHIPCAST_NEXT_SINGLY CHIPCAST_NEXT_SINGLY CHIPCAST_NEXT_SINGLY CHIPCAST_NEXT_SINGLY
/* From the block's begin to the sums; `turn` is what the loop does at once. */
#define CHIPCAST_SUM_BLOCK(turn)                                                                             \
    "ldr r12, %[block]\n"                                                                                    \
    "ldr r9, %[skip]\n"                                                                                      \
    "ldr lr, %[pixels]\n"                                                                                    \
    "adr.w r8, 3f\n"                                                                                         \
    "sub r8, r8, r9\n"                                                                                       \
    "str r8, %[entry]\n"                                                                                     \
    "1:\n" CHIPCAST_FIRST "ldr pc, %[entry]\n"                                                               \
    "2:\n" turn "3: ldr r8, %[end]\n"                                                                        \
    "cmp lr, r8\n"                                                                                           \
    "bne.w 2b\n"
/* On to the next block. Behind the first one the outputs, at `to`, step back if the second one overlaps it. */
#define CHIPCAST_NEXT_BLOCK(to)                                                                              \
    "cmp r12, r10\n"                                                                                         \
    "bne.w 1b\n"                                                                                             \
    "ldr r9, %[behind]\n"                                                                                    \
    "cmp r12, r9\n"                                                                                          \
    "beq 5f\n"                                                                                               \
    "str r9, %[last]\n"                                                                                      \
    "ldr r9, %[overlap]\n"                                                                                   \
    "sub " to ", " to ", r9\n"                                                                               \
    "str " to ", %[output]\n"                                                                                \
    "b.w 1b\n"                                                                                               \
    "5:\n"
/* Stores both pixels' outputs. */
#define CHIPCAST_STORE_BLOCK(word0, word1)                                                                   \
    "ldr r8, %[output]\n"                                                                                    \
    "ldr r9, %[distance]\n"                                                                                  \
    "ldr r10, %[last]\n"                                                                                     \
    "ldr lr, %[pixels]\n"                                                                                    \
    "str " word1 ", [r8, r9]\n"                                                                              \
    "str " word0 ", [r8], #4\n"                                                                              \
    "str r8, %[output]\n" CHIPCAST_NEXT_BLOCK("r8")
#define CHIPCAST_OPERANDS                                                                                    \
    [last] "+m"(run->last), [entry] "+m"(run->entry), [output] "+m"(run->output)
#define CHIPCAST_INPUTS                                                                                      \
    [block] "m"(run->block), [behind] "m"(run->behind), [overlap] "m"(run->overlap), [skip] "m"(run->skip),  \
        [distance] "m"(run->distance), [pixels] "m"(run->pixels), [end] "m"(run->end)
#define CHIPCAST_CLOBBERS                                                                                    \
    "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory"

#define CHIPCAST_WIDEN_FOUR                                                                                  \
    "ldr r4, [r0], #4\n"                                                                                     \
    "ldr r5, [r1], #4\n"                                                                                     \
    "sxtb16 r6, r4, ror #8\n"                                                                                \
    "sxtb16 r7, r5, ror #8\n"                                                                                \
    "sxtb16 r4, r4\n"                                                                                        \
    "sxtb16 r5, r5\n"                                                                                        \
    "stmia r3!, {r4, r5, r6, r7}\n"
/* Widens the next pair, if one follows at once, and goes on with it; r8 is where the outputs stand. */
#define CHIPCAST_NEXT_PAIR                                                                                   \
    "ldr r6, %[following]\n"                                                                                 \
    "ldr r0, %[from]\n"                                                                                      \
    "subs r6, #1\n"                                                                                          \
    "bmi 8f\n"                                                                                               \
    "ldr r2, %[whole]\n"                                                                                     \
    "ldr r5, %[channels]\n"                                                                                  \
    "ldr r7, %[stop]\n"                                                                                      \
    "ldr r3, %[words]\n"                                                                                     \
    "ldr r1, %[apart]\n"                                                                                     \
    "str r6, %[following]\n"                                                                                 \
    "add r8, r5\n"                                                                                           \
    "str r8, %[output]\n"                                                                                    \
    "str r7, %[last]\n"                                                                                      \
    "adds r4, r0, r1\n"                                                                                      \
    "adds r1, r4, r1\n"                                                                                      \
    "str r1, %[from]\n"                                                                                      \
    "mov r1, r4\n"                                                                                           \
    "lsls r4, r2, #29\n"                                                                                     \
    "add r2, r0\n"                                                                                           \
    "bmi 7f\n"                                                                                               \
    "6:\n" CHIPCAST_WIDEN_FOUR "7:\n" CHIPCAST_WIDEN_FOUR "cmp r0, r2\n"                                      \
    "bne 6b\n"                                                                                               \
    "ldr r12, %[block]\n"                                                                                    \
    "ldr lr, %[pixels]\n"                                                                                    \
    "b.w 1b\n"                                                                                               \
    "8:\n"

#define CHIPCAST_SSAT(y) "ssat " y ", #8, " y ", asr #10\n"

CHIPCAST_INLINE void chipcast_run_saturated(struct chipcast_run *run, int32_t groups)
{
    (void)groups;
    __asm__ volatile(CHIPCAST_SUM_BLOCK(CHIPCAST_EIGHT_GROUPS)
                     "ldmia r12!, {r8-r11}\n"
                     "sub r2, r2, r0\n"
                     "sub r3, r3, r1\n"
                     "sub r6, r6, r4\n"
                     "sub r7, r7, r5\n"
                     "add r0, r8, r0, lsl #8\n"
                     "add r1, r8, r1, lsl #8\n"
                     "add r4, r9, r4, lsl #8\n"
                     "add r5, r9, r5, lsl #8\n"
                     "smmul r0, r0, r10\n"
                     "smmul r1, r1, r10\n"
                     "smmul r4, r4, r11\n"
                     "smmul r5, r5, r11\n"
                     "ldmia r12!, {r10, r11}\n"
                     "smmul r2, r2, r10\n"
                     "smmul r3, r3, r10\n"
                     "smmul r6, r6, r11\n"
                     "smmul r7, r7, r11\n" CHIPCAST_SSAT("r0") CHIPCAST_SSAT("r1") CHIPCAST_SSAT("r2")
                         CHIPCAST_SSAT("r3") CHIPCAST_SSAT("r4") CHIPCAST_SSAT("r5") CHIPCAST_SSAT("r6")
                             CHIPCAST_SSAT("r7")
                     "bfi r0, r2, #8, #8\n"
                     "bfi r1, r3, #8, #8\n"
                     "bfi r4, r6, #8, #8\n"
                     "bfi r5, r7, #8, #8\n"
                     "pkhbt r0, r0, r4, lsl #16\n"
                     "pkhbt r1, r1, r5, lsl #16\n" CHIPCAST_STORE_BLOCK("r0", "r1") CHIPCAST_NEXT_PAIR
                     : CHIPCAST_OPERANDS, [following] "+m"(run->following), [from] "+m"(run->views.from)
                     : CHIPCAST_INPUTS, [whole] "m"(run->views.whole), [channels] "m"(run->channels),
                       [stop] "m"(run->stop), [words] "m"(run->views.words), [apart] "m"(run->views.apart)
                     : CHIPCAST_CLOBBERS);
}

/* One pixel: the first one's words. There are registers for the end of the words (r5) and the outputs (r7). */
CHIPCAST_INLINE void chipcast_run_single_saturated(struct chipcast_run *run, int32_t groups)
{
    (void)groups;
    const int32_t odd = (run->end - run->pixels) & 4; /* a number of groups */
#define CHIPCAST_GROUP                                                                                       \
    "ldr r1, [lr], #8\n"                                                                                     \
    "ldr r3, [lr], #8\n"                                                                                     \
    "ldmia r12!, {r8-r11}\n"                                                                                 \
    "smlad r2, r8, r1, r2\n"                                                                                 \
    "smlad r6, r9, r1, r6\n"                                                                                 \
    "smlad r2, r10, r3, r2\n"                                                                                \
    "smlad r6, r11, r3, r6\n"                                                                                \
    "sxtb16 r8, r8\n"                                                                                        \
    "sxtb16 r9, r9\n"                                                                                        \
    "sxtb16 r10, r10\n"                                                                                      \
    "sxtb16 r11, r11\n"                                                                                      \
    "smlad r0, r8, r1, r0\n"                                                                                 \
    "smlad r4, r9, r1, r4\n"                                                                                 \
    "smlad r0, r10, r3, r0\n"                                                                                \
    "smlad r4, r11, r3, r4\n"
    __asm__ volatile("ldr r12, %[block]\n"
                     "ldr r5, %[end]\n"
                     "ldr r7, %[output]\n"
                     "1: ldmia r12!, {r2, r6}\n"
                     "ldr lr, %[pixels]\n"
                     "ldr r1, %[odd]\n"
                     "movs r0, #0\n"
                     "movs r4, #0\n"
                     "cmp r1, #0\n"
                     "bne 3f\n"
                     "2:\n" CHIPCAST_GROUP "3:\n" CHIPCAST_GROUP "cmp lr, r5\n"
                     "bne 2b\n"
                     "ldmia r12!, {r8-r11}\n"
                     "sub r2, r2, r0\n"
                     "sub r6, r6, r4\n"
                     "add r0, r8, r0, lsl #8\n"
                     "add r4, r9, r4, lsl #8\n"
                     "smmul r0, r0, r10\n"
                     "smmul r4, r4, r11\n"
                     "ldmia r12!, {r10, r11}\n"
                     "smmul r2, r2, r10\n"
                     "smmul r6, r6, r11\n" CHIPCAST_SSAT("r0") CHIPCAST_SSAT("r2") CHIPCAST_SSAT("r4")
                         CHIPCAST_SSAT("r6")
                     "bfi r0, r2, #8, #8\n"
                     "bfi r4, r6, #8, #8\n"
                     "pkhbt r0, r0, r4, lsl #16\n"
                     "ldr r10, %[last]\n"
                     "str r0, [r7], #4\n" CHIPCAST_NEXT_BLOCK("r7")
                     "str r7, %[output]\n"
                     : [last] "+m"(run->last), [output] "+m"(run->output)
                     : [block] "m"(run->block), [behind] "m"(run->behind), [overlap] "m"(run->overlap),
                       [pixels] "m"(run->pixels), [end] "m"(run->end), [odd] "m"(odd)
                     : CHIPCAST_CLOBBERS);
#undef CHIPCAST_GROUP
}

CHIPCAST_INLINE void chipcast_run_any_sign(struct chipcast_run *run, int32_t groups)
{
    (void)groups;
#define CHIPCAST_CHANNEL(y0, y1)                                                                             \
    "ldmia r12!, {r9, r10, r11}\n"                                                                           \
    "add r8, r10, " y0 ", asr #31\n"                                                                         \
    "add r10, r10, " y1 ", asr #31\n"                                                                        \
    "smmlar " y0 ", " y0 ", r9, r8\n"                                                                        \
    "smmlar " y1 ", " y1 ", r9, r10\n"                                                                       \
    "asr " y0 ", " y0 ", r11\n"                                                                              \
    "asr " y1 ", " y1 ", r11\n"
#define CHIPCAST_BYTES(a, b, c, d)                                                                           \
    "pkhbt " a ", " a ", " c ", lsl #16\n"                                                                   \
    "pkhbt " b ", " b ", " d ", lsl #16\n"                                                                   \
    "usat16 " a ", #8, " a "\n"                                                                              \
    "usat16 " b ", #8, " b "\n"                                                                              \
    "orr " a ", " a ", " b ", lsl #8\n"
#define CHIPCAST_CLAMP(y)                                                                                    \
    "uqsub8 " y ", " y ", r8\n"                                                                              \
    "uadd8 " y ", " y ", r8\n"                                                                               \
    "uqsub8 r10, " y ", r9\n"                                                                                \
    "usub8 " y ", " y ", r10\n"
    __asm__ volatile(CHIPCAST_SUM_BLOCK(CHIPCAST_FOUR_GROUPS)
                     "ldmia r12!, {r8-r11}\n"
                     "sub r2, r2, r0\n"
                     "sub r3, r3, r1\n"
                     "sub r6, r6, r4\n"
                     "sub r7, r7, r5\n"
                     "add r0, r8, r0, lsl #1\n"
                     "add r1, r8, r1, lsl #1\n"
                     "add r2, r9, r2, asr #7\n"
                     "add r3, r9, r3, asr #7\n"
                     "add r4, r10, r4, lsl #1\n"
                     "add r5, r10, r5, lsl #1\n"
                     "add r6, r11, r6, asr #7\n"
                     "add r7, r11, r7, asr #7\n" CHIPCAST_CHANNEL("r0", "r1") CHIPCAST_CHANNEL("r2", "r3")
                         CHIPCAST_CHANNEL("r4", "r5") CHIPCAST_CHANNEL("r6", "r7")
                             CHIPCAST_BYTES("r0", "r2", "r4", "r6") CHIPCAST_BYTES("r1", "r3", "r5", "r7")
                     "ldr r2, %[clamped]\n"
                     "cbz r2, 4f\n"
                     "ldrd r8, r9, %[range]\n" CHIPCAST_CLAMP("r0") CHIPCAST_CLAMP("r1")
                     "4:\n"
                     "eor r0, r0, #0x80808080\n"
                     "eor r1, r1, #0x80808080\n" CHIPCAST_STORE_BLOCK("r0", "r1")
                     : CHIPCAST_OPERANDS
                     : CHIPCAST_INPUTS, [clamped] "m"(run->clamped), [range] "m"(run->range)
                     : CHIPCAST_CLOBBERS);
#undef CHIPCAST_CLAMP
#undef CHIPCAST_BYTES
#undef CHIPCAST_CHANNEL
}

#undef CHIPCAST_SSAT
#undef CHIPCAST_NEXT_PAIR
#undef CHIPCAST_WIDEN_FOUR
#undef CHIPCAST_CLOBBERS
#undef CHIPCAST_INPUTS
#undef CHIPCAST_OPERANDS
#undef CHIPCAST_STORE_BLOCK
#undef CHIPCAST_NEXT_BLOCK
#undef CHIPCAST_SUM_BLOCK
#undef CHIPCAST_EIGHT_GROUPS
#undef CHIPCAST_FOUR_GROUPS
#undef CHIPCAST_FIRST
#undef CHIPCAST_NEXT_SINGLY
#undef CHIPCAST_NEXT
#undef CHIPCAST_NEXT_HALF
#else

/* Of a pixel: sums of 256 * B + A and of A, and the same of C and D. */
struct chipcast_pair_sums {
    uint32_t ab, a, cd, c;
};

/* `words` begin with the first pixel's first word, or with the second's. */
static inline struct chipcast_pair_sums chipcast_sum_pairs(const uint32_t *weights, const uint32_t *words, int32_t groups)
{
    struct chipcast_pair_sums s = {0, 0, 0, 0};
    for (int32_t i = 0; i < 4 * groups; i += 2) {
        s.ab = (uint32_t)chipcast_smlad(weights[i], words[i], (int32_t)s.ab);
        s.cd = (uint32_t)chipcast_smlad(weights[i + 1], words[i], (int32_t)s.cd);
        s.a = (uint32_t)chipcast_smlad(chipcast_sxtb16(weights[i]), words[i], (int32_t)s.a);
        s.c = (uint32_t)chipcast_smlad(chipcast_sxtb16(weights[i + 1]), words[i], (int32_t)s.c);
    }
    return s;
}

static inline uint32_t chipcast_saturated_byte(uint32_t t, uint32_t multiplier)
{
    return (uint32_t)chipcast_ssat8(chipcast_smmul((int32_t)t, (int32_t)multiplier) >> CHIPCAST_PIXELS_SHIFT) & 0xFFu;
}

static inline uint32_t chipcast_saturated_word(const uint32_t *first, int32_t groups, const uint32_t *words)
{
    const struct chipcast_pair_sums s = chipcast_sum_pairs(first + 2, words, groups);
    const uint32_t *const rest = first + 2 + 4 * groups;
    return chipcast_saturated_byte(rest[0] + (s.a << 8), rest[2]) |
           chipcast_saturated_byte(first[0] + s.ab - s.a, rest[4]) << 8 |
           chipcast_saturated_byte(rest[1] + (s.c << 8), rest[3]) << 16 |
           chipcast_saturated_byte(first[1] + s.cd - s.c, rest[5]) << 24;
}

static inline uint32_t chipcast_any_sign_block(const struct chipcast_run *run, const uint32_t *block, int32_t groups,
                                               const uint32_t *words)
{
    const struct chipcast_pair_sums s = chipcast_sum_pairs(block + 2, words, groups);
    const int32_t *const bias = (const int32_t *)block + 2 + 4 * groups;
    return chipcast_any_sign_word(bias, bias + 4, run->range.low, run->range.high, s.ab, s.a, s.cd, s.c);
}

/* Stores both pixels' outputs, the second one's first: where there is none, its place is the first one's. */
static inline void chipcast_store_block(struct chipcast_run *run, const uint32_t *next, uint32_t word0, uint32_t word1)
{
    chipcast_store_word(run->output + run->distance, word1);
    chipcast_store_word(run->output, word0);
    run->output += 4;
    if (next == run->last && next != run->behind) {
        run->last = run->behind;
        run->output -= run->overlap;
    }
}

static inline void chipcast_run_saturated(struct chipcast_run *run, int32_t groups)
{
    for (;;) {
        for (const uint32_t *block = run->block; block != run->behind;) {
            const uint32_t word0 = chipcast_saturated_word(block, groups, run->pixels);
            const uint32_t word1 = chipcast_saturated_word(block, groups, run->pixels + 1);
            block += 4 * groups + 8;
            chipcast_store_block(run, block, word0, word1);
        }
        if (run->following == 0) {
            return;
        }
        --run->following;
        chipcast_widen_views(&run->views);
        run->output += run->channels;
        run->last = run->stop;
    }
}

static inline void chipcast_run_single_saturated(struct chipcast_run *run, int32_t groups)
{
    for (const uint32_t *block = run->block; block != run->behind;) {
        const uint32_t word = chipcast_saturated_word(block, groups, run->pixels);
        block += 4 * groups + 8;
        chipcast_store_block(run, block, word, word);
    }
}

static inline void chipcast_run_any_sign(struct chipcast_run *run, int32_t groups)
{
    for (const uint32_t *block = run->block; block != run->behind;) {
        const uint32_t word0 = chipcast_any_sign_block(run, block, groups, run->pixels);
        const uint32_t word1 = chipcast_any_sign_block(run, block, groups, run->pixels + 1);
        block += 4 * groups + 18;
        chipcast_store_block(run, block, word0, word1);
    }
}
#endif

/* Field by field, which needs no copy in between. */
CHIPCAST_INLINE void chipcast_begin_run(struct chipcast_run *run, const struct chipcast_blocks *p,
                                        const struct chipcast_views *views, const uint32_t *pixels, int8_t *output,
                                        int32_t distance, int32_t any_sign)
{
    const int32_t groups = p->groups, words = 4 * groups + (any_sign ? 18 : 8), overlap = -p->channels & 3;
    const int32_t first = (groups - 1) & (any_sign ? 3 : 7); /* of a loop's turns */
    const int32_t singly = any_sign ? 0 : (first < CHIPCAST_SINGLE_LOADS ? first : CHIPCAST_SINGLE_LOADS);
    run->block = p->blocks;
    run->behind = p->blocks + (p->channels + 3) / 4 * words;
    run->stop = overlap ? run->block + words : run->behind;
    run->last = run->stop;
    run->overlap = overlap;
    run->pixels = pixels;
    run->end = pixels + 4 * groups;
    run->skip = first * CHIPCAST_GROUP_BYTES + singly * CHIPCAST_SINGLE_LOADS_BYTES - 1;
    run->output = output;
    run->distance = distance;
    run->channels = p->channels;
    run->clamped = p->minimum > -128 || p->maximum < 127;
    run->range.low = chipcast_four_times(p->minimum + 128);
    run->range.high = chipcast_four_times(p->maximum + 128);
    run->views = *views;
    run->following = 0;
}

/* Both ways of going from sums to outputs share this, which is inlined into each. */
CHIPCAST_INLINE void chipcast_convolve(const struct chipcast_blocks *p, struct chipcast_views *views,
                                       const uint32_t *pixels, int8_t *output, int32_t distance, int32_t count,
                                       int32_t any_sign)
{
    struct chipcast_run run;
    chipcast_begin_run(&run, p, views, pixels, output, distance, any_sign);
    const int32_t groups = p->groups;
    if (!any_sign && run.views.rows == 1 && run.views.rest == 0) {
        run.following = count - 1;
        count = 1;
    }
    for (; count > 0; --count) {
        if (run.views.rows > 0) {
            chipcast_widen_views(&run.views);
        }
        run.last = run.stop;
        if (any_sign) {
            chipcast_run_any_sign(&run, groups);
        } else if (run.distance == 0) {
            chipcast_run_single_saturated(&run, groups);
        } else {
            chipcast_run_saturated(&run, groups);
        }
        run.output += run.channels;
    }
}

CHIPCAST_ONCE void chipcast_convolve_saturated(const struct chipcast_blocks *p, struct chipcast_views *views,
                                               const uint32_t *pixels, int8_t *output, int32_t distance, int32_t count)
{
    chipcast_convolve(p, views, pixels, output, distance, count, 0);
}

CHIPCAST_ONCE void chipcast_convolve_any_sign(const struct chipcast_blocks *p, struct chipcast_views *views,
                                              const uint32_t *pixels, int8_t *output, int32_t distance, int32_t count)
{
    chipcast_convolve(p, views, pixels, output, distance, count, 1);
}

/* All channels of `count` times two neighbouring pixels, whose words lie at `pixels`; a second pixel's outputs lie
 * `distance` bytes behind the first's. Four channels at least. A last single pixel, whose words lie at every other
 * place, is one of count 1 at distance 0: any sign computes it with what its neighbour's words still hold, of which
 * the outputs go to the same place, the neighbour's first. */
static inline void chipcast_convolve_pairs(const struct chipcast_blocks *p, struct chipcast_views *views,
                                           const uint32_t *pixels, int8_t *output, int32_t distance, int32_t count)
{
    if (p->any_sign) {
        chipcast_convolve_any_sign(p, views, pixels, output, distance, count);
    } else {
        chipcast_convolve_saturated(p, views, pixels, output, distance, count);
    }
}

#endif
