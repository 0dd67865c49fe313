/* Rows divided by their Euclidean length, int8 to int8 (output scale 1/128, zero point 0). */
#ifndef CHIPCAST_L2_NORMALIZATION_S8_H
#define CHIPCAST_L2_NORMALIZATION_S8_H

#include <stdint.h>

/* depth: at most 33025, so that the squares of a row sum within 32 bits. */
struct chipcast_l2_normalization_s8_params {
    int32_t rows;
    int32_t depth;
    int32_t input_zero_point;
};

/* input, output: [rows][depth]; output may be input. */
void chipcast_l2_normalization_s8(const struct chipcast_l2_normalization_s8_params *p, const int8_t *input,
                                  int8_t *output);

#endif
