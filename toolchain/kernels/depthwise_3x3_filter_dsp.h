/* A depthwise 3 x 3 filter on cores with DSP, for planes of depthwise_planes_dsp.h. */
#ifndef CHIPCAST_DEPTHWISE_3X3_FILTER_DSP_H
#define CHIPCAST_DEPTHWISE_3X3_FILTER_DSP_H

#include <stdint.h>

#include "dsp.h"
#include "requantise_dsp.h"

/* Where blocks of assembly may use every register there is; they have to be inlined, since what they need in
 * memory is addressed from the stack pointer. */
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__OPTIMIZE__)
#define CHIPCAST_ALL_REGISTERS 1
#define CHIPCAST_PART static inline __attribute__((always_inline))
#else
#define CHIPCAST_ALL_REGISTERS 0
#define CHIPCAST_PART static __attribute__((noinline))
#endif

#define CHIPCAST_TEXT_OF(value) #value
#define CHIPCAST_TEXT(value) CHIPCAST_TEXT_OF(value)

/* The filter of a channel, times 256: of each column rows 0 and 1 (`upper`), and rows 1 and 2 (`lower`). */
struct chipcast_filter_3x3 {
    uint32_t upper[3];
    uint32_t lower[3];
};

/* `weights` has four bytes a column: the rows 0, 1, 1, 2. */
static inline struct chipcast_filter_3x3 chipcast_read_filter_3x3(const int8_t *weights)
{
    struct chipcast_filter_3x3 f;
    for (int32_t column = 0; column < 3; ++column) {
        const uint32_t word = chipcast_load_word(weights + 4 * column);
        f.upper[column] = (word << 8) & 0xFF00FF00u;
        f.lower[column] = word & 0xFF00FF00u;
    }
    return f;
}

#endif
