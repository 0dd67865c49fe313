/* What LOGISTIC, TANH and LSTM on int16 share: a table of the logistic function, for arguments from 0 up.
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

/* The logistic function in steps of 2^-15, of an argument in steps of 1/(3 * 4096). */
static inline int16_t chipcast_logistic_of(const uint16_t *table, int32_t x)
{
    const int32_t bits = 9; /* neighbouring entries are 2^9 argument steps apart */
    const int32_t magnitude = x < 0 ? -x : x;
    const int32_t above = (magnitude >> bits) >= CHIPCAST_SIGMOID_LAST
                              ? INT16_MAX * ((int32_t)1 << (bits + 1))
                              : chipcast_sigmoid_interpolate(table, magnitude, bits);
    const int32_t half = (int32_t)1 << bits;
    const int32_t rounded = x < 0 ? ((int32_t)1 << (16 + bits)) - above + half - 1 : above + half;
    return (int16_t)(rounded >> (bits + 1));
}

/* The hyperbolic tangent likewise: tanh(x) = 2 * logistic(2x) - 1. */
static inline int16_t chipcast_tanh_of(const uint16_t *table, int32_t x)
{
    const int32_t bits = 8;
    const int32_t magnitude = x < 0 ? -x : x;
    const int32_t above = (magnitude >> bits) >= CHIPCAST_SIGMOID_LAST
                              ? UINT16_MAX * ((int32_t)1 << bits)
                              : chipcast_sigmoid_interpolate(table, magnitude, bits);
    const int32_t half_step = (int32_t)1 << (bits - 1);
    const int32_t centred = above - ((int32_t)1 << (15 + bits));
    const int32_t rounded = x < 0 ? half_step - 1 - centred : centred + half_step;
    return (int16_t)(rounded >> bits);
}

#endif
