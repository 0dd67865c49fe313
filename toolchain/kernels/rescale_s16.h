/* Rescaling, element by element, of int16 values with zero point 0: RELU, RELU6, QUANTIZE. */
#ifndef CHIPCAST_RESCALE_S16_H
#define CHIPCAST_RESCALE_S16_H

#include <stdint.h>

struct chipcast_rescale_s16_params {
    int32_t elements;
    int32_t multiplier;
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

/* output may be input. */
void chipcast_rescale_s16(const struct chipcast_rescale_s16_params *p, const int16_t *input, int16_t *output);

#endif
