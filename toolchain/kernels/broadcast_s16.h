/* Two int16 inputs of which either may be repeated along some axes, walked row by row of the output. */
#ifndef CHIPCAST_BROADCAST_S16_H
#define CHIPCAST_BROADCAST_S16_H

#include <stdint.h>

/* One row: output[i] from input1[i * step1] and input2[i * step2], i < length. A step is 0 or 1. */
typedef void (*chipcast_row_function_s16)(const void *params, const int16_t *input1, int32_t step1,
                                          const int16_t *input2, int32_t step2, int32_t length, int16_t *output);

/* Calls `row` for every row; loops and overlap as in broadcast.h. */
static inline void chipcast_for_each_row_s16(const int32_t *extent, const int32_t *stride1, const int32_t *stride2,
                                             const int16_t *input1, const int16_t *input2, int16_t *output,
                                             chipcast_row_function_s16 row, const void *params)
{
    for (int32_t i = 0; i < extent[0]; ++i) {
        for (int32_t j = 0; j < extent[1]; ++j) {
            for (int32_t k = 0; k < extent[2]; ++k) {
                row(params, input1 + i * stride1[0] + j * stride1[1] + k * stride1[2], stride1[3],
                    input2 + i * stride2[0] + j * stride2[1] + k * stride2[2], stride2[3], extent[3], output);
                output += extent[3];
            }
        }
    }
}

#endif
