/* The logistic function, int16 to int16 (output scale 2^-15). */
#ifndef CHIPCAST_LOGISTIC_S16_H
#define CHIPCAST_LOGISTIC_S16_H

#include <stdint.h>

/* `multiplier`, `shift` and `table`: see sigmoid_table.h. */
struct chipcast_logistic_s16_params {
    int32_t elements;
    int32_t multiplier;
    int32_t shift;
    const uint16_t *table;
};

/* output may be input. */
void chipcast_logistic_s16(const struct chipcast_logistic_s16_params *p, const int16_t *input, int16_t *output);

#endif
