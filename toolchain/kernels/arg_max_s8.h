/* Index of the largest value along one axis, the first of equal ones; int8 to int32. */
#ifndef CHIPCAST_ARG_MAX_S8_H
#define CHIPCAST_ARG_MAX_S8_H

#include <stdint.h>

/* input: [outer][extent][inner]. */
struct chipcast_arg_max_s8_params {
    int32_t outer;
    int32_t extent;
    int32_t inner;
};

/* output: [outer][inner] int32_t, as bytes. input and output must not overlap. */
void chipcast_arg_max_s8(const struct chipcast_arg_max_s8_params *p, const int8_t *input, int8_t *output);

#endif
