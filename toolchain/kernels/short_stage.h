/* The way from a sum to an output on cores without DSP instructions, where the compiler has proven a short
 * one: see toolchain/compile/short_stage.py, which chooses it and makes the table.
 *
 * `kind` 0, "saturated": the output is the upper half of (bias + 256 * sum) * multiplier, shifted right by
 * 10 and saturated to int8_t; an entry of the table is {bias, multiplier}. For cores that have the upper half in
 * one instruction.
 * 1, "split": (sum * multiplier / 2^16 + offset) >> shift, saturated to uint8_t, is the output plus 128; the product
 * is made of three that fit 32 bits. An entry is {offset, multiplier}, and `shift` has one a channel. For cores
 * that have the lower half alone.
 * 2, "any sign": the reference's two roundings, clamped; {bias, multiplier, rounding, shift}. */
#ifndef CHIPCAST_SHORT_STAGE_H
#define CHIPCAST_SHORT_STAGE_H

#include <stdint.h>

enum { CHIPCAST_SATURATED = 0, CHIPCAST_SPLIT = 1, CHIPCAST_ANY_SIGN = 2 };

struct chipcast_short_stage {
    int32_t kind;
    const int32_t *table;
    const int8_t *shift;
    int32_t minimum;
    int32_t maximum;
};

/* x >> 10, saturated to int8_t. */
static inline int32_t chipcast_saturated_byte(int32_t x)
{
#if defined(__ARM_FEATURE_SAT) && __ARM_FEATURE_SAT
    int32_t byte;
    __asm__("ssat %0, #8, %1, asr #10" : "=r"(byte) : "r"(x));
    return byte;
#else
    const int32_t byte = x >> 10;
    if ((uint32_t)byte + 128u > 255u) {
        return byte < 0 ? -128 : 127;
    }
    return byte;
#endif
}

static inline int32_t chipcast_clamped(int32_t x, int32_t minimum, int32_t maximum)
{
    return x < minimum ? minimum : (x > maximum ? maximum : x);
}

static inline int8_t chipcast_saturated_output(int32_t sum, int32_t bias, int32_t multiplier)
{
    const int32_t t = (int32_t)((uint32_t)bias + ((uint32_t)sum << 8));
    return (int8_t)chipcast_saturated_byte((int32_t)(((int64_t)t * multiplier) >> 32));
}

/* Of one output, plus 128, before it is saturated to uint8_t. */
static inline int32_t chipcast_split_value(int32_t sum, int32_t offset, int32_t multiplier, int32_t shift)
{
    const uint32_t m = (uint32_t)multiplier, t = (uint32_t)sum;
    const uint32_t below = ((t & 0xFFu) * m >> 8) + (t >> 8 & 0xFFu) * m;
    return (int32_t)((uint32_t)(sum >> 16) * m + (below >> 8) + (uint32_t)offset) >> shift;
}

static inline int8_t chipcast_split_output(int32_t sum, int32_t offset, int32_t multiplier, int32_t shift)
{
    int32_t value = chipcast_split_value(sum, offset, multiplier, shift);
    if ((uint32_t)value > 255u) {
        value = value < 0 ? 0 : 255;
    }
    return (int8_t)(value - 128);
}

/* The upper half of t * m + 2^31, for m of 31 bits. */
static inline int32_t chipcast_rounded_upper_half(int32_t t, int32_t m)
{
#if defined(__thumb__) && !defined(__thumb2__)
    /* Out of halves, which Armv6-M multiplies in fewer instructions than the compiler's library takes. */
    const uint32_t t0 = (uint32_t)t & 0xFFFFu, m0 = (uint32_t)m & 0xFFFFu, m1 = (uint32_t)m >> 16;
    const int32_t t1 = t >> 16;
    const uint32_t inner = t0 * m1;
    const int32_t outer = (int32_t)((uint32_t)t1 * m0);
    const uint32_t carried = (t0 * m0 >> 16) + (inner & 0xFFFFu) + ((uint32_t)outer & 0xFFFFu) + 0x8000u;
    return (int32_t)((uint32_t)t1 * m1 + (inner >> 16) + (uint32_t)(outer >> 16) + (carried >> 16));
#else
    return (int32_t)(((int64_t)t * m + ((int64_t)1 << 31)) >> 32);
#endif
}

static inline int8_t chipcast_any_sign_output(const struct chipcast_short_stage *s, int32_t sum, const int32_t *entry)
{
    const int32_t t = (int32_t)((uint32_t)entry[0] + ((uint32_t)sum << 1));
    const int32_t high = chipcast_rounded_upper_half(t, entry[1]);
    return (int8_t)chipcast_clamped((high + entry[2] + (t >> 31)) >> entry[3], s->minimum, s->maximum);
}

/* "Split" outputs of the sums up to `end`, of which there is one at least. The steps are in words of the table, in
 * shifts and in outputs. */
static inline void chipcast_put_split(const int32_t *sums, const int32_t *end, const int32_t *entry,
                                      const int8_t *shift, int32_t channel_step, int8_t *output,
                                      int32_t output_step)
{
#if defined(__thumb__) && !defined(__thumb2__) && defined(__OPTIMIZE__)
    /* All eight low registers, which gcc would spill. */
    int32_t t, m, x, y;
    __asm__ volatile(".syntax unified\n"
                     "1: ldmia %[sums]!, {%[t]}\n"
                     "ldr %[m], [%[entry], #4]\n"
                     "uxtb %[x], %[t]\n"
                     "muls %[x], %[m]\n"
                     "lsrs %[x], %[x], #8\n"
                     "lsrs %[y], %[t], #8\n"
                     "uxtb %[y], %[y]\n"
                     "muls %[y], %[m]\n"
                     "adds %[x], %[x], %[y]\n"
                     "lsrs %[x], %[x], #8\n"
                     "asrs %[t], %[t], #16\n"
                     "muls %[t], %[m]\n"
                     "adds %[t], %[t], %[x]\n"
                     "ldr %[y], [%[entry]]\n"
                     "adds %[t], %[t], %[y]\n"
                     "ldrb %[y], [%[shift]]\n"
                     "asrs %[t], %[y]\n"
                     "cmp %[t], #255\n"
                     "bls 2f\n"
                     "asrs %[t], %[t], #31\n" /* below: 0; above: all ones, which is stored as 127 */
                     "mvns %[t], %[t]\n"
                     "2: subs %[t], #128\n"
                     "strb %[t], [%[output]]\n"
                     "add %[entry], %[entry_step]\n"
                     "add %[shift], %[shift_step]\n"
                     "add %[output], %[output_step]\n"
                     "cmp %[sums], %[end]\n"
                     "bne 1b\n"
                     : [sums] "+l"(sums), [entry] "+l"(entry), [shift] "+l"(shift), [output] "+l"(output),
                       [t] "=&l"(t), [m] "=&l"(m), [x] "=&l"(x), [y] "=&l"(y)
                     : [end] "h"(end), [entry_step] "h"(8 * channel_step), [shift_step] "h"(channel_step),
                       [output_step] "h"(output_step)
                     : "cc", "memory");
#else
    for (; sums != end; ++sums, entry += 2 * channel_step, shift += channel_step, output += output_step) {
        *output = chipcast_split_output(*sums, entry[0], entry[1], *shift);
    }
#endif
}

/* The outputs of the sums up to `end`: of channels one after the other where `channel_step` is 1, of one where it is 0. */
static __attribute__((noinline, unused)) void chipcast_put_outputs(const struct chipcast_short_stage *s,
                                                                   int32_t channel, int32_t channel_step,
                                                                   const int32_t *sums, const int32_t *end,
                                                                   int8_t *output, int32_t output_step)
{
    if (s->kind == CHIPCAST_ANY_SIGN) {
        const int32_t *entry = s->table + 4 * channel;
        for (; sums != end; ++sums, entry += 4 * channel_step, output += output_step) {
            *output = chipcast_any_sign_output(s, *sums, entry);
        }
        return;
    }
    const int32_t *entry = s->table + 2 * channel;
    if (s->kind == CHIPCAST_SPLIT) {
        chipcast_put_split(sums, end, entry, s->shift + channel, channel_step, output, output_step);
        return;
    }
    for (; sums != end; ++sums, entry += 2 * channel_step, output += output_step) {
        *output = chipcast_saturated_output(*sums, entry[0], entry[1]);
    }
}

#endif
