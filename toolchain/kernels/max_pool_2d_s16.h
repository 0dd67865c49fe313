/* Maximum pooling, int16, NHWC. */
#ifndef CHIPCAST_MAX_POOL_2D_S16_H
#define CHIPCAST_MAX_POOL_2D_S16_H

#include <stdint.h>

struct chipcast_max_pool_2d_s16_params {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t channels;
    int32_t output_height;
    int32_t output_width;
    int32_t filter_height;
    int32_t filter_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t padding_top;
    int32_t padding_left;
    int32_t activation_min;
    int32_t activation_max;
};

/* What lies outside the image does not count. input and output must not overlap. */
void chipcast_max_pool_2d_s16(const struct chipcast_max_pool_2d_s16_params *p, const int16_t *input, int16_t *output);

#endif
