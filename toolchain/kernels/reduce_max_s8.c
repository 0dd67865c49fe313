#include "reduce_max_s8.h"

#include "reduce.h"

static int32_t larger(int32_t so_far, const int8_t *values, int32_t stride, int32_t count)
{
    for (int32_t i = 0; i < count; ++i) {
        so_far = values[i * stride] > so_far ? values[i * stride] : so_far;
    }
    return so_far;
}

static int8_t largest(const void *params, const int8_t *first)
{
    const struct chipcast_reduce_max_s8_params *p = params;
    return (int8_t)chipcast_fold(p->reduced_extent, p->reduced_stride, first, INT8_MIN, larger);
}

void chipcast_reduce_max_s8(const struct chipcast_reduce_max_s8_params *p, const int8_t *input, int8_t *output)
{
    chipcast_for_each_kept(p->kept_extent, p->kept_stride, input, output, largest, p);
}
