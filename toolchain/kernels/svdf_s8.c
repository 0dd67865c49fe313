#include "svdf_s8.h"

#include "svdf_features.h"

/* Shifts one filter's state by one, puts the newest value at its end, and returns the sum over time. Sums
 * may leave 32 bits and wrap, as the reference's do. */
static uint32_t sum_over_time(const struct chipcast_svdf_s8_params *p, const int8_t *time, int8_t *state, int8_t newest)
{
    uint32_t sum = 0;
    for (int32_t i = 0; i + 1 < p->memory; ++i) {
        state[i] = state[i + 1];
        sum += (uint32_t)(time[i] * (state[i] - p->state_zero_point));
    }
    state[p->memory - 1] = newest;
    return sum + (uint32_t)(time[p->memory - 1] * (newest - p->state_zero_point));
}

void chipcast_svdf_s8(const struct chipcast_svdf_s8_params *p, const int8_t *input, int8_t *state, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        const int8_t *features = p->features;
        const int32_t *feature_bias = p->feature_bias;
        const int8_t *time = p->time;
        for (int32_t unit = 0; unit < p->units; ++unit) {
            uint32_t sum = (uint32_t)p->bias[unit];
            for (int32_t filter = 0; filter < p->rank; ++filter) {
                const int32_t feature = chipcast_svdf_feature(features, *feature_bias, input, p->inputs,
                                                              p->feature_multiplier, p->feature_shift, INT8_MIN, INT8_MAX);
                sum += sum_over_time(p, time, state, (int8_t)(feature + p->state_zero_point));
                features += p->inputs;
                ++feature_bias;
                time += p->memory;
                state += p->memory;
            }
            const int32_t scaled = chipcast_requantise((int32_t)sum, p->output_multiplier, p->output_shift);
            *output++ = chipcast_offset_and_clamp(scaled, p->output_zero_point, INT8_MIN, INT8_MAX);
        }
        input += p->inputs;
    }
}
