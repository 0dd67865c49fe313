/* LSTM over a sequence, int8, with its cell state as int16. */
#ifndef CHIPCAST_UNIDIRECTIONAL_SEQUENCE_LSTM_S8_H
#define CHIPCAST_UNIDIRECTIONAL_SEQUENCE_LSTM_S8_H

#include <stdint.h>

/* The gates are input, forget, cell, output, in this order. Weights and biases of a unit's four gates lie
 * together: `input_weights` [units][4][inputs], `recurrent_weights` [units][4][units], the biases [units][4],
 * with the zero points of input and hidden state folded in. Strides are in values.
 * `tanh_multiplier`, `tanh_shift` and `table`: see sigmoid_table.h. `cell_clip` 0: no clipping. */
struct chipcast_unidirectional_sequence_lstm_s8_params {
    int32_t batches;
    int32_t steps;
    int32_t inputs;
    int32_t units;
    int32_t input_batch_stride;
    int32_t input_step_stride;
    int32_t output_batch_stride;
    int32_t output_step_stride;
    int32_t input_multiplier[4];
    int32_t input_shift[4];
    int32_t recurrent_multiplier[4];
    int32_t recurrent_shift[4];
    int32_t cell_multiplier;
    int32_t cell_shift;
    int32_t cell_clip;
    int32_t tanh_multiplier;
    int32_t tanh_shift;
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t output_zero_point;
    const int8_t *input_weights;
    const int32_t *input_bias;
    const int8_t *recurrent_weights;
    const int32_t *recurrent_bias;
    const uint16_t *table;
};

/* hidden, cell: [batches][units], what the last step left, and leaves. No two of the four may overlap. */
void chipcast_unidirectional_sequence_lstm_s8(const struct chipcast_unidirectional_sequence_lstm_s8_params *p,
                                              const int8_t *input, int8_t *hidden, int16_t *cell, int8_t *output);

#endif
