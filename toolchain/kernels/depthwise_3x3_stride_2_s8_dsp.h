/* Depthwise 3 x 3 convolution, int8, stride 2, on cores with DSP: any padding, one output a channel. */
#ifndef CHIPCAST_DEPTHWISE_3X3_STRIDE_2_S8_DSP_H
#define CHIPCAST_DEPTHWISE_3X3_STRIDE_2_S8_DSP_H

#include <stdint.h>

/* `weights` has twelve bytes a channel: for each column of the filter the rows 0, 1, 1, 2. Sums become
 * outputs by SSAT8(SMMLA(bias + 256 * sum, multiplier, zero) >> 8), see toolchain/compile/saturated_form.py;
 * `bias` has the input's zero point in it, so padding reads as input_zero_point. `planes`: how many channels are copied
 * at a time, 1, 2 or 4. */
struct chipcast_depthwise_3x3_stride_2_s8_dsp_params {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t channels;
    int32_t output_height;
    int32_t output_width;
    int32_t padding_top;
    int32_t padding_left;
    int32_t input_zero_point;
    int32_t planes;
    int32_t zero;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier;
};

/* `scratch` has planes * (output_height + 1) * (2 * output_width + 1) words. input and output must not
 * overlap. */
void chipcast_depthwise_3x3_stride_2_s8_dsp(const struct chipcast_depthwise_3x3_stride_2_s8_dsp_params *p,
                                            const int8_t *input, int8_t *output, uint32_t *scratch);

#endif
