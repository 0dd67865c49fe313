/* Average pooling, int8, NHWC, on cores with DSP: at most 255 values to an output. */
#ifndef CHIPCAST_AVERAGE_POOL_2D_S8_DSP_H
#define CHIPCAST_AVERAGE_POOL_2D_S8_DSP_H

#include <stdint.h>

struct chipcast_average_pool_2d_s8_dsp_params {
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
void chipcast_average_pool_2d_s8_dsp(const struct chipcast_average_pool_2d_s8_dsp_params *p, const int8_t *input,
                                     int8_t *output);

#endif
