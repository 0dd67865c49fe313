/* SVDF, int8, with its state as int16_t: one filter over features, one over the time since. */
#ifndef CHIPCAST_SVDF_S8_S16_H
#define CHIPCAST_SVDF_S8_S16_H

#include <stdint.h>

/* There are units * rank filters, those of a unit one after the other. `features` is [filters][inputs],
 * `feature_bias` what the input's zero point adds for each filter, `time` [filters][memory], `bias` [units]. */
struct chipcast_svdf_s8_s16_params {
    int32_t batches;
    int32_t inputs;
    int32_t units;
    int32_t rank;
    int32_t memory;
    int32_t feature_multiplier;
    int32_t feature_shift;
    int32_t state_zero_point;
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t output_zero_point;
    const int8_t *features;
    const int32_t *feature_bias;
    const int16_t *time;
    const int32_t *bias;
};

/* input: [batches][inputs]; state: [batches][filters][memory], the oldest value first, here shifted by one;
 * output: [batches][units]. None may overlap another. */
void chipcast_svdf_s8_s16(const struct chipcast_svdf_s8_s16_params *p, const int8_t *input, int16_t *state, int8_t *output);

#endif
