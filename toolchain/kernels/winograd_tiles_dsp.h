/* What the kernels that filter by Winograd's method share: reading pixels, and the way from sums to outputs. */
#ifndef CHIPCAST_WINOGRAD_TILES_DSP_H
#define CHIPCAST_WINOGRAD_TILES_DSP_H

#include <stdint.h>

#include "requantise_dsp.h"

/* At any level of optimisation: arguments that are constant where it is called have to be. */
#define CHIPCAST_WINOGRAD_INLINE static inline __attribute__((always_inline))

/* Keeps gcc from mixing steps of which each takes all registers. */
#define CHIPCAST_STEP_BY_STEP __asm__ volatile("" ::: "memory")

/* The last channels of a pixel, fewer than four; weights of 0 make nothing of the others. */
static inline uint32_t chipcast_load_rest(const int8_t *from, int32_t count)
{
    uint32_t word = 0;
    for (int32_t i = 0; i < count; ++i) {
        word |= ((uint32_t)from[i] & 0xFFu) << (8 * i);
    }
    return word;
}

/* How sums become outputs (requantise_dsp.h); CLAMPED is any sign, to less than int8_t. */
enum chipcast_winograd_stage { CHIPCAST_SATURATED, CHIPCAST_ANY_SIGN, CHIPCAST_CLAMPED };

/* What they are of one channel; `zero` is what rounds outputs of any sign. */
struct chipcast_winograd_channel {
    int32_t bias;
    int32_t multiplier;
    int32_t zero;
    int32_t shift;
    int32_t low;
    int32_t high;
};

/* `scaled` is the sum times 2^bits. */
CHIPCAST_WINOGRAD_INLINE int8_t chipcast_winograd_output(enum chipcast_winograd_stage stage,
                                                         const struct chipcast_winograd_channel *c, uint32_t scaled,
                                                         int32_t bits)
{
    if (stage == CHIPCAST_SATURATED) {
        return chipcast_saturated((int32_t)((uint32_t)c->bias + (scaled << (8 - bits))), c->multiplier, c->zero);
    }
    const int32_t t = (int32_t)((uint32_t)c->bias + (uint32_t)((int32_t)scaled >> (bits - 1)));
    const int32_t value = chipcast_ssat8(chipcast_any_sign(t, c->multiplier, c->zero, c->shift));
    if (stage == CHIPCAST_CLAMPED) {
        return (int8_t)(value < c->low ? c->low : (value > c->high ? c->high : value));
    }
    return (int8_t)value;
}

/* A row of the table (`zero` is of all channels where outputs are saturated); moves on to the next. */
CHIPCAST_WINOGRAD_INLINE struct chipcast_winograd_channel chipcast_winograd_channel_of(
    enum chipcast_winograd_stage stage, int32_t bias, const int32_t **table, int32_t zero, int32_t low, int32_t high)
{
    const int32_t *const row = *table;
    struct chipcast_winograd_channel c = {bias, row[0], zero, 0, low, high};
    if (stage != CHIPCAST_SATURATED) {
        c.zero = row[1];
        c.shift = row[2];
    }
    *table += stage == CHIPCAST_SATURATED ? 1 : 3;
    return c;
}

#endif
