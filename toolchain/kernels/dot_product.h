/* The inner loop of convolutions and fully connected layers: rows of weights times one vector. */
#ifndef CHIPCAST_DOT_PRODUCT_H
#define CHIPCAST_DOT_PRODUCT_H

#include <stdint.h>

#include "requantise.h"

/* What turns an accumulator into an output: see chipcast_requantise. `step` 1: multiplier and shift have
 * one entry a channel; 0: one entry for all. */
struct chipcast_output_stage {
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t step;
    int32_t offset;
    int32_t minimum;
    int32_t maximum;
};

/* output[c] = requantised(bias[c] + sum over k of weights[c * length + k] * vector[k]), c < channels.
 * Four channels go together, so that each value of the vector is loaded once for four products. */
static inline void chipcast_rows_times_vector(const int8_t *weights, const int32_t *bias, const int8_t *vector,
                                              int32_t length, int32_t channels,
                                              struct chipcast_output_stage stage, int8_t *output)
{
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4) {
        const int8_t *w0 = weights + c * length;
        const int8_t *w1 = w0 + length;
        const int8_t *w2 = w1 + length;
        const int8_t *w3 = w2 + length;
        int32_t sums[4] = {bias[c], bias[c + 1], bias[c + 2], bias[c + 3]};
        for (int32_t k = 0; k < length; ++k) {
            const int32_t x = vector[k];
            sums[0] += w0[k] * x;
            sums[1] += w1[k] * x;
            sums[2] += w2[k] * x;
            sums[3] += w3[k] * x;
        }
        for (int32_t i = 0; i < 4; ++i) {
            const int32_t q = (c + i) * stage.step;
            const int32_t scaled = chipcast_requantise(sums[i], stage.multiplier[q], stage.shift[q]);
            output[c + i] = chipcast_offset_and_clamp(scaled, stage.offset, stage.minimum, stage.maximum);
        }
    }
    for (; c < channels; ++c) {
        const int8_t *w = weights + c * length;
        int32_t sum = bias[c];
        for (int32_t k = 0; k < length; ++k) {
            sum += w[k] * vector[k];
        }
        const int32_t scaled = chipcast_requantise(sum, stage.multiplier[c * stage.step], stage.shift[c * stage.step]);
        output[c] = chipcast_offset_and_clamp(scaled, stage.offset, stage.minimum, stage.maximum);
    }
}

#endif
