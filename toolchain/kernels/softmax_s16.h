/* Softmax over the last axis, int16 to int16 (output scale 2^-15). */
#ifndef CHIPCAST_SOFTMAX_S16_H
#define CHIPCAST_SOFTMAX_S16_H

#include <stdint.h>

/* `multiplier` and `shift` bring differences of the input to steps of 10/65535. Both tables have 513
 * entries for arguments 128 apart, Q0.15: `exponential` is exp(10 * (x - 32767) / 65535) for x = -32768 ...
 * 32767, `reciprocal` is 1 / (1 + (x + 32768) / 65535). */
struct chipcast_softmax_s16_params {
    int32_t rows;
    int32_t depth;
    int32_t multiplier;
    int32_t shift;
    const int16_t *exponential;
    const int16_t *reciprocal;
};

/* input, output: [rows][depth]; output may be input. */
void chipcast_softmax_s16(const struct chipcast_softmax_s16_params *p, const int16_t *input, int16_t *output);

#endif
