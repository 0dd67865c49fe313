/* What SVDF does to its input, whatever the type of its state. */
#ifndef CHIPCAST_SVDF_FEATURES_H
#define CHIPCAST_SVDF_FEATURES_H

#include <stdint.h>

#include "requantise.h"

/* bias + the sum over weights * input, rescaled and clamped to minimum..maximum. */
static inline int32_t chipcast_svdf_feature(const int8_t *weights, int32_t bias, const int8_t *input, int32_t inputs,
                                            int32_t multiplier, int32_t shift, int32_t minimum, int32_t maximum)
{
    int32_t sum = bias;
    for (int32_t i = 0; i < inputs; ++i) {
        sum += weights[i] * input[i];
    }
    const int32_t scaled = chipcast_requantise(sum, multiplier, shift);
    return scaled < minimum ? minimum : (scaled > maximum ? maximum : scaled);
}

#endif
