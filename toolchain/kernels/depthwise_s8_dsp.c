#include "depthwise_s8_dsp.h"

#include "dsp.h"
#include "requantise_dsp.h"

/* A channel of the image, widened, with its padding: all that is read of it. */
static void fill_plane(const struct chipcast_depthwise_s8_dsp_params *p, const int8_t *channel, int16_t *plane)
{
    const int16_t outside = (int16_t)p->input_zero_point;
    for (int32_t row = -p->rows_before; row < p->plane_rows - p->rows_before; ++row) {
        const int8_t *from = channel + row * p->input_row_step;
        const int32_t inside = row >= 0 && row < p->input_rows ? p->input_columns : 0;
        const int16_t *const end = plane + p->plane_columns;
        for (int32_t i = p->columns_before; i > 0 && plane < end; --i) {
            *plane++ = outside;
        }
        for (int32_t i = inside; i > 0 && plane < end; --i) {
            *plane++ = *from;
            from += p->input_column_step;
        }
        while (plane < end) {
            *plane++ = outside;
        }
    }
}

static void widen_weights(const int8_t *weights, uint32_t *pairs, int32_t count)
{
    for (; count > 0; --count, weights += 2) {
        *pairs++ = chipcast_pkhbt_lsl16((uint32_t)weights[0], (uint32_t)weights[1]);
    }
}

/* What the outputs of a channel are made with. */
struct stage {
    int32_t bias;
    int32_t multiplier;
    int32_t rounding;
    int32_t shift;
    int32_t minimum;
    int32_t maximum;
};

static inline int8_t output_of(const struct stage *s, int32_t sum)
{
    const int32_t value = chipcast_any_sign(s->bias + 2 * sum, s->multiplier, s->rounding, s->shift);
    return (int8_t)(value < s->minimum ? s->minimum : (value > s->maximum ? s->maximum : value));
}

/* The sums of two windows, the second `apart` values behind the first and in the upper half. On its own, so
 * that all its loops need is in registers. */
static __attribute__((noinline)) uint64_t sum_two(const struct chipcast_depthwise_s8_dsp_params *p,
                                                  const uint32_t *weights, const int16_t *window, int32_t apart)
{
    const int32_t pairs = p->filter_pairs, skip = p->plane_columns - 2 * pairs;
    int32_t first = 0, second = 0;
    for (int32_t row = p->filter_rows; row > 0; --row) {
        const uint32_t *const end = weights + pairs;
        do {
            const uint32_t weight = *weights++;
            first = chipcast_smlad(chipcast_load_word(window), weight, first);
            second = chipcast_smlad(chipcast_load_word(window + apart), weight, second);
            window += 2;
        } while (weights != end);
        window += skip;
    }
    return ((uint64_t)(uint32_t)second << 32) | (uint32_t)first;
}

static void convolve_plane(const struct chipcast_depthwise_s8_dsp_params *p, const uint32_t *weights,
                           const int16_t *plane, int32_t channel, int8_t *output)
{
    const int32_t *const row = p->table + 3 * channel;
    const struct stage s = {p->bias[channel], row[0], row[1], row[2], p->activation_min, p->activation_max};
    for (int32_t rows = p->output_rows; rows > 0; --rows) {
        const int16_t *window = plane;
        int8_t *to = output;
        int32_t columns = p->output_columns;
        for (; columns >= 2; columns -= 2) {
            const uint64_t sums = sum_two(p, weights, window, p->column_stride);
            to[0] = output_of(&s, (int32_t)(uint32_t)sums);
            to[p->output_column_step] = output_of(&s, (int32_t)(uint32_t)(sums >> 32));
            window += 2 * p->column_stride;
            to += 2 * p->output_column_step;
        }
        if (columns > 0) {
            /* The last one of an odd number, twice. */
            *to = output_of(&s, (int32_t)(uint32_t)sum_two(p, weights, window, 0));
        }
        plane += p->row_stride * p->plane_columns;
        output += p->output_row_step;
    }
}

void chipcast_depthwise_s8_dsp(const struct chipcast_depthwise_s8_dsp_params *p, const int8_t *input, int8_t *output,
                               uint32_t *scratch, int16_t *plane)
{
    const int32_t pairs = p->filter_rows * p->filter_pairs;
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t channel = 0; channel < p->channels; ++channel) {
            widen_weights(p->weights + 2 * pairs * channel, scratch, pairs);
            fill_plane(p, input + channel, plane);
            convolve_plane(p, scratch, plane, channel, output + channel);
        }
        input += p->input_values;
        output += p->output_values;
    }
}
