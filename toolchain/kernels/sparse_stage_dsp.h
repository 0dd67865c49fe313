/* Outputs of sums where most weights are zero, on cores with DSP: `table` and what follows it are those of
 * byte_pairs_dsp.h. */
#ifndef CHIPCAST_SPARSE_STAGE_DSP_H
#define CHIPCAST_SPARSE_STAGE_DSP_H

#include <stdint.h>

#include "requantise_dsp.h"

/* One copy, whatever it is called with. */
#if defined(__clang__)
#define CHIPCAST_ONCE static __attribute__((noinline))
#else
#define CHIPCAST_ONCE static __attribute__((noinline, noclone))
#endif

/* Of one channel: rectified, all but `rounding`. */
struct chipcast_sparse_channel {
    int32_t bias;
    int32_t multiplier;
    int32_t rounding;
    int32_t shift;
};

/* An output that is rectified, plus 128. */
static inline int32_t chipcast_sparse_rectified(struct chipcast_sparse_channel c, int32_t sum)
{
    return chipcast_usat8(
        chipcast_rectified((int32_t)((uint32_t)c.bias + ((uint32_t)sum << 8)), c.multiplier, c.shift));
}

/* One of any sign, plus 128, from `low` to `high`. */
static inline int32_t chipcast_sparse_any_sign(struct chipcast_sparse_channel c, int32_t sum, int32_t low, int32_t high)
{
    const int32_t t = (int32_t)((uint32_t)c.bias + ((uint32_t)sum << 1));
    const int32_t value = chipcast_any_sign(t, c.multiplier, c.rounding, c.shift);
    return value < low ? low : (value > high ? high : value);
}

#endif
