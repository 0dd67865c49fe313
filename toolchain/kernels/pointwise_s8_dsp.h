/* 1x1 convolution at stride 1, int8, NHWC, on cores with DSP; also FULLY_CONNECTED over several rows. */
#ifndef CHIPCAST_POINTWISE_S8_DSP_H
#define CHIPCAST_POINTWISE_S8_DSP_H

#include <stdint.h>

/* Rows of input_channels, rounded up to `groups` of four, are weighted as byte_pairs_dsp.h has it; there
 * `weights` to `maximum` are explained. The input's zero point is in `bias`. */
struct chipcast_pointwise_s8_dsp_params {
    int32_t rows;
    int32_t input_channels;
    int32_t output_channels;
    const int32_t *weights;
    const int32_t *bias;
    const int32_t *table;
    int32_t groups;
    int32_t any_sign;
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

/* pixels: scratch of groups * 4 words for two rows. Nothing may overlap. */
void chipcast_pointwise_s8_dsp(const struct chipcast_pointwise_s8_dsp_params *p, const int8_t *input, int8_t *output,
                               uint32_t *pixels);

#endif
