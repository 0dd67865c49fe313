/* Any function of one int8 value, element by element: LOGISTIC, RELU, RELU6, QUANTIZE. */
#ifndef CHIPCAST_LOOKUP_S8_H
#define CHIPCAST_LOOKUP_S8_H

#include <stdint.h>

/* `table` has the result for -128, -127, ... 127. */
struct chipcast_lookup_s8_params {
    int32_t elements;
    const int8_t *table;
};

/* output may be input. */
void chipcast_lookup_s8(const struct chipcast_lookup_s8_params *p, const int8_t *input, int8_t *output);

#endif
