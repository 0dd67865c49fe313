/* Loops of the reductions: over the values that are kept, and over those that go into one of them. */
#ifndef CHIPCAST_REDUCE_H
#define CHIPCAST_REDUCE_H

#include <stdint.h>

/* One output from the inputs that start at `first`. */
typedef int8_t (*chipcast_reduce_function)(const void *params, const int8_t *first);

/* The reduction of `so_far` and `count` more values. */
typedef int32_t (*chipcast_fold_function)(int32_t so_far, const int8_t *values, int32_t stride, int32_t count);

/* Calls `reduce` once for each kept index, in order. `extent` and `stride` (in values) have four loops, the
 * outer one first. */
static inline void chipcast_for_each_kept(const int32_t *extent, const int32_t *stride, const int8_t *input,
                                          int8_t *output, chipcast_reduce_function reduce, const void *params)
{
    for (int32_t i = 0; i < extent[0]; ++i) {
        for (int32_t j = 0; j < extent[1]; ++j) {
            for (int32_t k = 0; k < extent[2]; ++k) {
                const int8_t *first = input + i * stride[0] + j * stride[1] + k * stride[2];
                for (int32_t l = 0; l < extent[3]; ++l) {
                    *output++ = reduce(params, first + l * stride[3]);
                }
            }
        }
    }
}

/* Folds all values that lie on four loops from `first` on into `so_far`. */
static inline int32_t chipcast_fold(const int32_t *extent, const int32_t *stride, const int8_t *first,
                                    int32_t so_far, chipcast_fold_function fold)
{
    for (int32_t i = 0; i < extent[0]; ++i) {
        for (int32_t j = 0; j < extent[1]; ++j) {
            for (int32_t k = 0; k < extent[2]; ++k) {
                const int8_t *values = first + i * stride[0] + j * stride[1] + k * stride[2];
                so_far = fold(so_far, values, stride[3], extent[3]);
            }
        }
    }
    return so_far;
}

#endif
