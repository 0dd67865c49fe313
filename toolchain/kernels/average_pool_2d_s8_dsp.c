#include "average_pool_2d_s8_dsp.h"

#include "dsp.h"

/* The part of a pooling window that lies inside the image: its first pixel, rows and columns. */
struct window {
    const int8_t *first;
    int32_t rows;
    int32_t columns;
};

static struct window clip(const struct chipcast_average_pool_2d_s8_dsp_params *p, const int8_t *image, int32_t y,
                          int32_t x)
{
    const int32_t bottom = y + p->filter_height < p->input_height ? y + p->filter_height : p->input_height;
    const int32_t right = x + p->filter_width < p->input_width ? x + p->filter_width : p->input_width;
    const int32_t top = y < 0 ? 0 : y, left = x < 0 ? 0 : x;
    const struct window w = {image + (top * p->input_width + left) * p->channels, bottom - top, right - left};
    return w;
}

/* Halves away from zero. */
static int8_t mean(const struct chipcast_average_pool_2d_s8_dsp_params *p, int32_t sum, int32_t count)
{
    const int32_t value = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    return (int8_t)(value < p->activation_min ? p->activation_min
                                              : (value > p->activation_max ? p->activation_max : value));
}

/* Four channels at a time; all four are read before the first is written. */
static void average_four(const struct chipcast_average_pool_2d_s8_dsp_params *p, struct window w, int8_t *output)
{
    const int32_t step = p->channels, next = (p->input_width - w.columns) * step, count = w.rows * w.columns;
    const int8_t *from = w.first;
    uint32_t even = 0, odd = 0;
    for (int32_t rows = w.rows; rows > 0; --rows) {
        for (int32_t columns = w.columns; columns > 0; --columns) {
            const uint32_t word = chipcast_load_word(from);
            even = chipcast_sxtab16(even, word);
            odd = chipcast_sxtab16_ror8(odd, word);
            from += step;
        }
        from += next;
    }
    output[0] = mean(p, (int16_t)(even & 0xFFFFu), count);
    output[1] = mean(p, (int16_t)(odd & 0xFFFFu), count);
    output[2] = mean(p, (int16_t)(even >> 16), count);
    output[3] = mean(p, (int16_t)(odd >> 16), count);
}

static void average_one(const struct chipcast_average_pool_2d_s8_dsp_params *p, struct window w, int8_t *output)
{
    int32_t sum = 0;
    for (int32_t row = 0; row < w.rows; ++row) {
        for (int32_t column = 0; column < w.columns; ++column) {
            sum += w.first[(row * p->input_width + column) * p->channels];
        }
    }
    *output = mean(p, sum, w.rows * w.columns);
}

void chipcast_average_pool_2d_s8_dsp(const struct chipcast_average_pool_2d_s8_dsp_params *p, const int8_t *input,
                                     int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t y = 0; y < p->output_height; ++y) {
            for (int32_t x = 0; x < p->output_width; ++x) {
                struct window w =
                    clip(p, input, y * p->stride_height - p->padding_top, x * p->stride_width - p->padding_left);
                int32_t channels = p->channels;
                for (; channels >= 4; channels -= 4, w.first += 4, output += 4) {
                    average_four(p, w, output);
                }
                for (; channels > 0; --channels, ++w.first, ++output) {
                    average_one(p, w, output);
                }
            }
        }
        input += p->input_height * p->input_width * p->channels;
    }
}
