/* Depthwise convolution, int8, any filter, stride and padding, on cores with DSP: one output a channel. */
#ifndef CHIPCAST_DEPTHWISE_S8_DSP_H
#define CHIPCAST_DEPTHWISE_S8_DSP_H

#include <stdint.h>

/* Columns are whichever axis of the image the filter is longer in, rows the other one; steps are from one
 * to the next, in values. `weights` is [channels][filter_rows][2 * filter_pairs], a last column of zeros where
 * the filter has an odd number. Sums become outputs as "any sign" of toolchain/compile/requantise_forms.py:
 * rows of `table` are multiplier, rounding and shift; `bias` has the input's zero point in it. */
struct chipcast_depthwise_s8_dsp_params {
    int32_t batches;
    int32_t channels;
    int32_t input_values;  /* of one image */
    int32_t output_values;
    int32_t input_rows;
    int32_t input_columns;
    int32_t input_row_step;
    int32_t input_column_step;
    int32_t output_rows;
    int32_t output_columns;
    int32_t output_row_step;
    int32_t output_column_step;
    int32_t filter_rows;
    int32_t filter_pairs;
    int32_t row_stride;
    int32_t column_stride;
    int32_t rows_before; /* padding */
    int32_t columns_before;
    int32_t plane_rows;
    int32_t plane_columns;
    int32_t input_zero_point;
    int32_t activation_min;
    int32_t activation_max;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *table;
};

/* `scratch` has filter_rows * filter_pairs words, then plane_rows * plane_columns values of 16 bits. output may
 * be input where both have the same shape, else they must not overlap. */
void chipcast_depthwise_s8_dsp(const struct chipcast_depthwise_s8_dsp_params *p, const int8_t *input, int8_t *output,
                               uint32_t *scratch, int16_t *plane);

#endif
