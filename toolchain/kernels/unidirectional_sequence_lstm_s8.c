#include "unidirectional_sequence_lstm_s8.h"

#include <string.h>

#include "requantise.h"
#include "sigmoid_table.h"

/* Gates are made in steps of 2^-12 and come out of their functions in steps of 2^-15. */
#define GATE_TO_ARGUMENT 3
/* 2^-15, as multiplier and shift. */
#define FORGET_MULTIPLIER ((int32_t)1 << 30)
#define FORGET_SHIFT (-14)

enum { INPUT_GATE, FORGET_GATE, CELL_GATE, OUTPUT_GATE, GATES };

static int32_t clamp_s16(int32_t value)
{
    return value < INT16_MIN ? INT16_MIN : (value > INT16_MAX ? INT16_MAX : value);
}

/* Four rows of weights times one vector, each value of which is loaded once. */
static void four_sums(const int8_t *weights, const int32_t *bias, const int8_t *vector, int32_t length, int32_t *sums)
{
    int32_t s[GATES] = {bias[0], bias[1], bias[2], bias[3]};
    const int8_t *w1 = weights + length;
    const int8_t *w2 = w1 + length;
    const int8_t *w3 = w2 + length;
    for (int32_t i = 0; i < length; ++i) {
        const int32_t x = vector[i];
        s[0] += weights[i] * x;
        s[1] += w1[i] * x;
        s[2] += w2[i] * x;
        s[3] += w3[i] * x;
    }
    memcpy(sums, s, sizeof s);
}

/* The arguments of one unit's four gate functions. */
static void gate_arguments(const struct chipcast_unidirectional_sequence_lstm_s8_params *p, int32_t unit,
                           const int8_t *input, const int8_t *hidden, int32_t *arguments)
{
    int32_t given[GATES];
    int32_t recurrent[GATES];
    const int32_t row = unit * GATES;
    four_sums(p->input_weights + row * p->inputs, p->input_bias + row, input, p->inputs, given);
    four_sums(p->recurrent_weights + row * p->units, p->recurrent_bias + row, hidden, p->units, recurrent);
    for (int32_t gate = 0; gate < GATES; ++gate) {
        const int32_t a = chipcast_requantise(given[gate], p->input_multiplier[gate], p->input_shift[gate]);
        const int32_t b =
            chipcast_requantise(recurrent[gate], p->recurrent_multiplier[gate], p->recurrent_shift[gate]);
        arguments[gate] = clamp_s16(clamp_s16(a) + clamp_s16(b)) * GATE_TO_ARGUMENT;
    }
}

/* A unit's new cell state. */
static int16_t next_cell(const struct chipcast_unidirectional_sequence_lstm_s8_params *p, const int32_t *arguments,
                         int16_t cell)
{
    const int32_t input = chipcast_logistic_of(p->table, arguments[INPUT_GATE]);
    const int32_t forget = chipcast_logistic_of(p->table, arguments[FORGET_GATE]);
    const int32_t candidate = chipcast_tanh_of(p->table, arguments[CELL_GATE]);
    const int32_t kept = clamp_s16(chipcast_requantise(forget * cell, FORGET_MULTIPLIER, FORGET_SHIFT));
    const int32_t added = clamp_s16(chipcast_requantise(input * candidate, p->cell_multiplier, p->cell_shift));
    int32_t sum = clamp_s16(kept + added);
    if (p->cell_clip > 0) {
        sum = sum > p->cell_clip ? p->cell_clip : (sum < -p->cell_clip ? -p->cell_clip : sum);
    }
    return (int16_t)sum;
}

/* One step: `hidden` is what the step before put out, `output` what this one does. */
static void step(const struct chipcast_unidirectional_sequence_lstm_s8_params *p, const int8_t *input,
                 const int8_t *hidden, int16_t *cell, int8_t *output)
{
    for (int32_t unit = 0; unit < p->units; ++unit) {
        int32_t arguments[GATES];
        gate_arguments(p, unit, input, hidden, arguments);
        cell[unit] = next_cell(p, arguments, cell[unit]);
        const int32_t argument = chipcast_sigmoid_argument(cell[unit], p->tanh_multiplier, p->tanh_shift);
        const int32_t product = chipcast_tanh_of(p->table, argument) *
                                chipcast_logistic_of(p->table, arguments[OUTPUT_GATE]);
        const int32_t scaled = chipcast_requantise(product, p->output_multiplier, p->output_shift);
        output[unit] = chipcast_offset_and_clamp(scaled, p->output_zero_point, INT8_MIN, INT8_MAX);
    }
}

void chipcast_unidirectional_sequence_lstm_s8(const struct chipcast_unidirectional_sequence_lstm_s8_params *p,
                                              const int8_t *input, int8_t *hidden, int16_t *cell, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        const int8_t *given = input + batch * p->input_batch_stride;
        const int8_t *before = hidden;
        int8_t *made = output + batch * p->output_batch_stride;
        for (int32_t i = 0; i < p->steps; ++i) {
            step(p, given, before, cell, made);
            before = made;
            given += p->input_step_stride;
            made += p->output_step_stride;
        }
        memcpy(hidden, before, (size_t)p->units);
        hidden += p->units;
        cell += p->units;
    }
}
