/* Softmax over the last axis, int8 to int8 (output scale 1/256, zero point -128). */
#ifndef CHIPCAST_SOFTMAX_S8_H
#define CHIPCAST_SOFTMAX_S8_H

#include <stdint.h>

/* `exponential[d]` is exp(-d * scale * beta) in Q0.31 for d = 0 ... entries - 1; beyond, it counts as 0. */
struct chipcast_softmax_s8_params {
    int32_t rows;
    int32_t depth;
    int32_t entries;
    const int32_t *exponential;
};

/* input, output: [rows][depth]; output may be input. */
void chipcast_softmax_s8(const struct chipcast_softmax_s8_params *p, const int8_t *input, int8_t *output);

#endif
