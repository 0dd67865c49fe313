/* The inner loop of convolutions and fully connected layers on int16 activations. */
#ifndef CHIPCAST_DOT_PRODUCT_S16_H
#define CHIPCAST_DOT_PRODUCT_S16_H

#include <stdint.h>

#include "requantise_s16.h"

/* So many products of an int8 and an int16 fit into 32 bits, whatever their values: 511 * 2^22 < 2^31. */
#define CHIPCAST_EXACT_PRODUCTS 511

/* What turns an accumulator into an output. `accumulator_bits` 64: chipcast_requantise_wide; 32: the sum
 * modulo 2^32 goes through chipcast_requantise. `step` 1: multiplier and shift have one entry a channel;
 * 0: one entry for all. */
struct chipcast_output_stage_s16 {
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t step;
    int32_t accumulator_bits;
    int32_t minimum;
    int32_t maximum;
};

static inline int16_t chipcast_output_s16(const struct chipcast_output_stage_s16 *stage, int32_t channel,
                                          int64_t sum)
{
    const int32_t multiplier = stage->multiplier[channel * stage->step];
    const int32_t shift = stage->shift[channel * stage->step];
    const int32_t scaled = stage->accumulator_bits == 32 ? chipcast_requantise((int32_t)sum, multiplier, shift)
                                                         : chipcast_requantise_wide(sum, multiplier, shift);
    return chipcast_clamp_s16(scaled, stage->minimum, stage->maximum);
}

/* The exact sum of weights[k] * vector[k], k < length, added up in runs that 32 bits hold. */
static inline int64_t chipcast_dot_product_s16(const int8_t *weights, const int16_t *vector, int32_t length)
{
    int64_t sum = 0;
    while (length > 0) {
        const int32_t run = length < CHIPCAST_EXACT_PRODUCTS ? length : CHIPCAST_EXACT_PRODUCTS;
        int32_t part = 0;
        for (int32_t k = 0; k < run; ++k) {
            part += weights[k] * vector[k];
        }
        sum += part;
        weights += run;
        vector += run;
        length -= run;
    }
    return sum;
}

#endif
