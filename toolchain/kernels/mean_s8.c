#include "mean_s8.h"

#include "requantise.h"

static int32_t sum_of(const struct chipcast_mean_s8_params *p, const int8_t *first)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < p->averaged_extent[0]; ++i) {
        const int8_t *value = first + i * p->averaged_stride[0];
        for (int32_t j = 0; j < p->averaged_extent[1]; ++j) {
            sum += *value;
            value += p->averaged_stride[1];
        }
    }
    return sum;
}

void chipcast_mean_s8(const struct chipcast_mean_s8_params *p, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < p->kept_extent[0]; ++i) {
        for (int32_t j = 0; j < p->kept_extent[1]; ++j) {
            const int8_t *first = input + i * p->kept_stride[0] + j * p->kept_stride[1];
            const int32_t scaled = chipcast_requantise(sum_of(p, first) - p->offset, p->multiplier, p->shift);
            *output++ = chipcast_offset_and_clamp(scaled, p->output_zero_point, INT8_MIN, INT8_MAX);
        }
    }
}
