#include "depthwise_3x3_s8_by_four.h"

#include <string.h>

#include "short_stage.h"

/* A channel, copied out of the image: column after column, padding included, each value plus 128. What is below
 * each other in the image lies side by side, so that loads have constant offsets. */
struct plane {
    uint8_t *values;
    int32_t rows;
    int32_t columns;
    int32_t rows_inside;
    int32_t columns_inside;
};

/* What an output needs beside its sum. */
struct channel {
    const int32_t *weights;
    struct chipcast_short_stage stage;
    int32_t number;
    int32_t down;
};

static int32_t inside(int32_t size, int32_t room)
{
    return size < room ? size : (room < 0 ? 0 : room);
}

static struct plane padded_plane(const struct chipcast_depthwise_3x3_s8_by_four_params *p, uint8_t *values)
{
    struct plane plane = {values, (p->output_height - 1) * p->stride + 3, (p->output_width - 1) * p->stride + 3, 0, 0};
    plane.rows_inside = inside(p->input_height, plane.rows - p->padding_top);
    plane.columns_inside = inside(p->input_width, plane.columns - p->padding_left);
    memset(values, p->input_zero_point + 128, (size_t)(plane.rows * plane.columns));
    return plane;
}

static void fill(const struct chipcast_depthwise_3x3_s8_by_four_params *p, const struct plane *plane,
                 const int8_t *image)
{
    const int32_t channels = p->channels, rows = plane->rows;
    uint8_t *to = plane->values + p->padding_left * rows + p->padding_top;
    for (int32_t y = 0; y < plane->rows_inside; ++y) {
        const int8_t *value = image + y * p->input_width * channels;
        uint8_t *word = to + y;
        for (uint8_t *const end = word + plane->columns_inside * rows; word != end; word += rows) {
            *word = (uint8_t)(*value ^ 0x80);
            value += channels;
        }
    }
}

/* `count` outputs below each other; `from` is the first value of the first one's window. */
static inline __attribute__((always_inline)) void convolve(const struct channel *channel, const uint8_t *from,
                                                           int32_t rows, int32_t count, int32_t stride,
                                                           int8_t *output)
{
    const int32_t *w = channel->weights;
    int32_t sums[4] = {0, 0, 0, 0};
    for (int32_t column = 0; column < 3; ++column) {
#if defined(__thumb__) && !defined(__thumb2__)
        for (int32_t row = 0; row < 3; ++row) {
            const int32_t weight = *w++;
            for (int32_t i = 0; i < count; ++i) {
                sums[i] += weight * from[i * stride + row];
            }
            __asm__ volatile("" : : : "memory"); /* to load a value again costs no more than to keep it */
        }
#else
        const int32_t w0 = w[0], w1 = w[1], w2 = w[2];
        w += 3;
        for (int32_t i = 0; i < count; ++i) {
            sums[i] += w0 * from[i * stride] + w1 * from[i * stride + 1] + w2 * from[i * stride + 2];
        }
#endif
        from += rows;
    }
    for (int32_t i = 0; i < count; ++i) {
        *output = chipcast_short_output(&channel->stage, channel->number, sums[i]);
        output += channel->down;
    }
}

/* All outputs of a channel. */
static inline __attribute__((always_inline)) void convolve_plane(
    const struct chipcast_depthwise_3x3_s8_by_four_params *p, const struct channel *channel,
    const struct plane *plane, int32_t stride, int8_t *output)
{
    const int32_t rows = plane->rows, down = channel->down;
    const uint8_t *from = plane->values;
    for (int32_t x = 0; x < p->output_width; ++x) {
        const uint8_t *window = from;
        int8_t *to = output;
        int32_t left = p->output_height;
        for (; left >= 4; left -= 4) {
            convolve(channel, window, rows, 4, stride, to);
            window += 4 * stride;
            to += 4 * down;
        }
        if ((left & 2) != 0) {
            convolve(channel, window, rows, 2, stride, to);
            window += 2 * stride;
            to += 2 * down;
        }
        if ((left & 1) != 0) {
            convolve(channel, window, rows, 1, stride, to);
        }
        from += stride * rows;
        output += p->channels;
    }
}

void chipcast_depthwise_3x3_s8_by_four(const struct chipcast_depthwise_3x3_s8_by_four_params *p,
                                       const int8_t *input, int8_t *output, uint8_t *values)
{
    int32_t weights[9];
    struct channel channel = {
        weights,
        {p->stage_kind, p->table, p->shift, p->activation_min, p->activation_max},
        0,
        p->output_width * p->channels,
    };
    const struct plane plane = padded_plane(p, values);
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t c = 0; c < p->channels; ++c) {
            channel.number = c;
            for (int32_t i = 0; i < 9; ++i) {
                weights[i] = p->weights[9 * c + i];
            }
            fill(p, &plane, input + c);
            if (p->stride == 1) {
                convolve_plane(p, &channel, &plane, 1, output + c);
            } else {
                convolve_plane(p, &channel, &plane, 2, output + c);
            }
        }
        input += p->input_height * p->input_width * p->channels;
        output += p->output_height * p->output_width * p->channels;
    }
}
