#include "sum_s8.h"

#include "reduce.h"
#include "requantise.h"

static int32_t add(int32_t so_far, const int8_t *values, int32_t stride, int32_t count)
{
    for (int32_t i = 0; i < count; ++i) {
        so_far += values[i * stride];
    }
    return so_far;
}

static int8_t scaled_sum(const void *params, const int8_t *first)
{
    const struct chipcast_sum_s8_params *p = params;
    const int32_t sum = chipcast_fold(p->reduced_extent, p->reduced_stride, first, 0, add);
    const int32_t scaled = chipcast_requantise(sum - p->offset, p->multiplier, p->shift);
    return chipcast_offset_and_clamp(scaled, p->output_zero_point, INT8_MIN, INT8_MAX);
}

void chipcast_sum_s8(const struct chipcast_sum_s8_params *p, const int8_t *input, int8_t *output)
{
    chipcast_for_each_kept(p->kept_extent, p->kept_stride, input, output, scaled_sum, p);
}
