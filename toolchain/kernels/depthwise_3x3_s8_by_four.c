#include "depthwise_3x3_s8_by_four.h"

#include <string.h>

#include "patch_s8.h"
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
    memset(values, p->input_zero_point + 128, (size_t)(p->planes * plane.rows * plane.columns));
    return plane;
}

static __attribute__((noinline)) void fill(const struct chipcast_depthwise_3x3_s8_by_four_params *p,
                                           const struct plane *plane, const int8_t *image)
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

/* Four channels at once, whose values are the bytes of a word. */
static __attribute__((noinline)) void fill_four(const struct chipcast_depthwise_3x3_s8_by_four_params *p,
                                                const struct plane *plane, const int8_t *image)
{
    const int32_t channels = p->channels, rows = plane->rows, size = rows * plane->columns;
    uint8_t *row = plane->values + p->padding_left * rows + p->padding_top;
    uint8_t *const last = row + plane->rows_inside;
    for (; row != last; ++row, image += p->input_width * channels) {
        const int8_t *value = image;
        uint8_t *to = row;
        for (uint8_t *const end = to + plane->columns_inside * rows; to != end; to += rows, value += channels) {
            const uint32_t four = chipcast_aligned_word(value) ^ 0x80808080u;
            to[0] = (uint8_t)four;
            to[size] = (uint8_t)(four >> 8);
            to[2 * size] = (uint8_t)(four >> 16);
            to[3 * size] = (uint8_t)(four >> 24);
        }
    }
}

#if defined(__thumb__) && !defined(__thumb2__) && defined(__OPTIMIZE__)
/* Four sums in all eight low registers, which gcc would spill. */
#define VALUE(sum, offset)                                                                                   \
    "ldrb %[x], [%[from], #(" offset ")]\n"                                                                  \
    "muls %[x], %[v]\n"                                                                                      \
    "adds %[" sum "], %[" sum "], %[x]\n"
#define TAP(number, row, stride)                                                                             \
    "ldr %[v], [%[w], #(4*" #number ")]\n" VALUE("s0", #row) VALUE("s1", #row "+" #stride)                   \
        VALUE("s2", #row "+2*" #stride) VALUE("s3", #row "+3*" #stride)
#define COLUMN(first, second, third, stride) TAP(first, 0, stride) TAP(second, 1, stride) TAP(third, 2, stride)
#define FOUR_SUMS(stride)                                                                                    \
    int32_t v;                                                                                               \
    __asm__ volatile(".syntax unified\n" COLUMN(0, 1, 2, stride) "add %[from], %[rows]\n"                   \
                     COLUMN(3, 4, 5, stride) "add %[from], %[rows]\n" COLUMN(6, 7, 8, stride)                \
                     : [from] "+l"(from), [x] "=&l"(x), [v] "=&l"(v), [s0] "+l"(s0), [s1] "+l"(s1),          \
                       [s2] "+l"(s2), [s3] "+l"(s3)                                                          \
                     : [w] "l"(w), [rows] "h"(rows)                                                          \
                     : "cc", "memory")
#elif defined(__thumb2__) && defined(__OPTIMIZE__)
/* A value of the column serves all sums whose windows it lies in. */
#define VALUE(offset) "ldrb %[x], [%[from], #" #offset "]\n"
#define PRODUCT(sum, weight) "mla %[s" #sum "], %[w" #weight "], %[x], %[s" #sum "]\n"
#define WEIGHTS(first, second, third)                                                                        \
    "ldr %[w0], [%[w], #4*" #first "]\n"                                                                     \
    "ldr %[w1], [%[w], #4*" #second "]\n"                                                                    \
    "ldr %[w2], [%[w], #4*" #third "]\n"
#define VALUES_1                                                                                             \
    VALUE(0) PRODUCT(0, 0) VALUE(1) PRODUCT(0, 1) PRODUCT(1, 0) VALUE(2) PRODUCT(0, 2) PRODUCT(1, 1)         \
        PRODUCT(2, 0) VALUE(3) PRODUCT(1, 2) PRODUCT(2, 1) PRODUCT(3, 0) VALUE(4) PRODUCT(2, 2)              \
            PRODUCT(3, 1) VALUE(5) PRODUCT(3, 2)
#define VALUES_2                                                                                             \
    VALUE(0) PRODUCT(0, 0) VALUE(1) PRODUCT(0, 1) VALUE(2) PRODUCT(0, 2) PRODUCT(1, 0) VALUE(3)              \
        PRODUCT(1, 1) VALUE(4) PRODUCT(1, 2) PRODUCT(2, 0) VALUE(5) PRODUCT(2, 1) VALUE(6) PRODUCT(2, 2)     \
            PRODUCT(3, 0) VALUE(7) PRODUCT(3, 1) VALUE(8) PRODUCT(3, 2)
#define FOUR_SUMS(stride)                                                                                    \
    int32_t w0, w1, w2;                                                                                      \
    __asm__ volatile(WEIGHTS(0, 1, 2) VALUES_##stride "add %[from], %[from], %[rows]\n" WEIGHTS(3, 4, 5)     \
                         VALUES_##stride "add %[from], %[from], %[rows]\n" WEIGHTS(6, 7, 8) VALUES_##stride  \
                     : [from] "+r"(from), [x] "=&r"(x), [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2),      \
                       [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3)                            \
                     : [w] "r"(w), [rows] "r"(rows)                                                          \
                     : "memory")
#endif

/* The sums of `count` outputs below each other; `from` is the first value of the first one's window. */
static inline __attribute__((always_inline)) void add_products(const int32_t *w, const uint8_t *from, int32_t rows,
                                                               int32_t count, int32_t stride, int32_t *sums)
{
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#ifdef FOUR_SUMS
    if (count == 4) {
        int32_t x;
        if (stride == 1) {
            FOUR_SUMS(1);
        } else {
            FOUR_SUMS(2);
        }
        sums[0] = s0;
        sums[1] = s1;
        sums[2] = s2;
        sums[3] = s3;
        return;
    }
#endif
#pragma GCC unroll 1
    for (int32_t column = 0; column < 3; ++column, from += rows) {
        const int32_t w0 = *w++, w1 = *w++, w2 = *w++;
        s0 += w0 * from[0] + w1 * from[1] + w2 * from[2];
        if (count > 1) {
            s1 += w0 * from[stride] + w1 * from[stride + 1] + w2 * from[stride + 2];
        }
        if (count > 2) {
            s2 += w0 * from[2 * stride] + w1 * from[2 * stride + 1] + w2 * from[2 * stride + 2];
            s3 += w0 * from[3 * stride] + w1 * from[3 * stride + 1] + w2 * from[3 * stride + 2];
        }
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

static inline void put_saturated(const int32_t *sums, const int32_t *entry, int8_t *output, int32_t down)
{
    const int32_t bias = entry[0], multiplier = entry[1];
    output[0] = chipcast_saturated_output(sums[0], bias, multiplier);
    output[down] = chipcast_saturated_output(sums[1], bias, multiplier);
    output += 2 * down;
    output[0] = chipcast_saturated_output(sums[2], bias, multiplier);
    output[down] = chipcast_saturated_output(sums[3], bias, multiplier);
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
        int32_t sums[4];
        for (int32_t left = p->output_height, count; left > 0; left -= count) {
            if (left >= 4) {
                add_products(channel->weights, window, rows, count = 4, stride, sums);
            } else if (left >= 2) {
                add_products(channel->weights, window, rows, count = 2, stride, sums);
            } else {
                add_products(channel->weights, window, rows, count = 1, stride, sums);
            }
            if (count == 4 && channel->stage.kind == CHIPCAST_SATURATED) {
                put_saturated(sums, channel->stage.table + 2 * channel->number, to, down);
            } else if (channel->stage.kind == CHIPCAST_SPLIT) {
                chipcast_put_split(sums, sums + count, channel->stage.table + 2 * channel->number,
                                   channel->stage.shift + channel->number, 0, to, down);
            } else {
                chipcast_put_outputs(&channel->stage, channel->number, 0, sums, sums + count, to, down);
            }
            window += count * stride;
            to += count * down;
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
    /* A tensor that is a part of another one may begin anywhere. */
    const int four = p->planes == 4 && ((uintptr_t)input & 3u) == 0u;
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        struct plane one = plane;
        for (int32_t c = 0; c < p->channels; ++c) {
            channel.number = c;
            for (int32_t i = 0; i < 9; ++i) {
                weights[i] = p->weights[9 * c + i];
            }
            if (!four) {
                fill(p, &plane, input + c);
            } else if ((c & 3) == 0) {
                fill_four(p, &plane, input + c);
                one.values = plane.values;
            } else {
                one.values += plane.rows * plane.columns;
            }
            if (p->stride == 1) {
                convolve_plane(p, &channel, &one, 1, output + c);
            } else {
                convolve_plane(p, &channel, &one, 2, output + c);
            }
        }
        input += p->input_height * p->input_width * p->channels;
        output += p->output_height * p->output_width * p->channels;
    }
}
