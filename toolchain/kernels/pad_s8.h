/* Padding with a constant, int8, up to five axes. */
#ifndef CHIPCAST_PAD_S8_H
#define CHIPCAST_PAD_S8_H

#include <stdint.h>

/* `before` counts the padding at the start of each axis; `value` fills what the input does not. */
struct chipcast_pad_s8_params {
    int32_t input_extent[5];
    int32_t before[5];
    int32_t output_extent[5];
    int32_t value;
};

/* input and output must not overlap. */
void chipcast_pad_s8(const struct chipcast_pad_s8_params *p, const int8_t *input, int8_t *output);

#endif
