/* What LOGISTIC and TANH on int16 share: a table of the logistic function, for arguments from 0 up.
 *
 * Arguments are brought to steps of 1/(3 * 4096); the function is symmetric, so their magnitude is enough.
 */
#ifndef CHIPCAST_SIGMOID_TABLE_H
#define CHIPCAST_SIGMOID_TABLE_H

#include <stdint.h>

/* Entry i of the table, for i = 0 ... 255, is 65536 / (1 + exp(-i / 24)); from the last on it is 1. */
#define CHIPCAST_SIGMOID_LAST 255

/* x * multiplier / 2^shift, halves towards plus infinity; multiplier 0 to 2^15 - 1, shift 0 to 31. */
static inline int32_t chipcast_sigmoid_argument(int16_t x, int32_t multiplier, int32_t shift)
{
    return (x * multiplier + (shift > 0 ? (int32_t)1 << (shift - 1) : 0)) >> shift;
}

/* Between the entries that `magnitude` lies between, which are 2^bits apart: the value times 2^bits. It has
 * to lie below entry CHIPCAST_SIGMOID_LAST. */
static inline int32_t chipcast_sigmoid_interpolate(const uint16_t *table, int32_t magnitude, int32_t bits)
{
    const int32_t entry = magnitude >> bits;
    const int32_t rest = magnitude & (((int32_t)1 << bits) - 1);
    return table[entry] * ((int32_t)1 << bits) + rest * (table[entry + 1] - table[entry]);
}

#endif
