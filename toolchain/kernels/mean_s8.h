/* Mean over any axes, int8. */
#ifndef CHIPCAST_MEAN_S8_H
#define CHIPCAST_MEAN_S8_H

#include <stdint.h>

/* The compiler joins neighbouring axes until at most two kept and two averaged ones are left: extent and
 * stride of each (in values), the outer one first. `offset` is input_zero_point * (values averaged). */
struct chipcast_mean_s8_params {
    int32_t kept_extent[2];
    int32_t kept_stride[2];
    int32_t averaged_extent[2];
    int32_t averaged_stride[2];
    int32_t offset;
    int32_t multiplier;
    int32_t shift;
    int32_t output_zero_point;
};

/* output: one value for each kept index, in order. input and output must not overlap. */
void chipcast_mean_s8(const struct chipcast_mean_s8_params *p, const int8_t *input, int8_t *output);

#endif
