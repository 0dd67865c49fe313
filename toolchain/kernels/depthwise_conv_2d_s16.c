#include "depthwise_conv_2d_s16.h"

#include "requantise_s16.h"

/* The taps of a filter axis that see the image: first ... end - 1. */
struct taps {
    int32_t first;
    int32_t end;
};

/* `start` is where the first tap lies on an axis of `extent` values. */
static struct taps inside(int32_t start, int32_t extent, int32_t filter, int32_t dilation)
{
    struct taps t = {0, filter};
    if (start < 0) {
        t.first = (-start + dilation - 1) / dilation;
    }
    if (start + (filter - 1) * dilation >= extent) {
        t.end = start >= extent ? 0 : (extent - start + dilation - 1) / dilation;
    }
    return t;
}

/* The part of the filter that sees the image: where it starts in the image and in the filter, and its size. */
struct view {
    const int16_t *pixel;
    const int8_t *weight;
    int32_t rows;
    int32_t columns;
};

/* The filter's first tap lies at row `y` and column `x`, inside the image or not. */
static struct view view_at(const struct chipcast_depthwise_conv_2d_s16_params *p, const int16_t *image, int32_t y,
                           int32_t x)
{
    const struct taps rows = inside(y, p->input_height, p->filter_height, p->dilation_height);
    const struct taps columns = inside(x, p->input_width, p->filter_width, p->dilation_width);
    struct view v = {image, p->weights, rows.end - rows.first, columns.end - columns.first};
    if (v.rows > 0 && v.columns > 0) {
        const int32_t in_y = y + rows.first * p->dilation_height;
        const int32_t in_x = x + columns.first * p->dilation_width;
        v.pixel += (in_y * p->input_width + in_x) * p->input_channels;
        v.weight += (rows.first * p->filter_width + columns.first) * p->input_channels * p->depth_multiplier;
    } else {
        v.rows = 0;
    }
    return v;
}

/* The sum over the view for one output channel. */
static int64_t sum_of(const struct chipcast_depthwise_conv_2d_s16_params *p, const struct view *v, int32_t out)
{
    const int16_t *pixel = v->pixel + out / p->depth_multiplier;
    const int8_t *weight = v->weight + out;
    int64_t sum = p->bias[out];
    for (int32_t row = 0; row < v->rows; ++row) {
        const int16_t *value = pixel;
        const int8_t *factor = weight;
        for (int32_t column = 0; column < v->columns; ++column) {
            sum += *factor * *value;
            factor += p->input_channels * p->depth_multiplier;
            value += p->dilation_width * p->input_channels;
        }
        weight += p->filter_width * p->input_channels * p->depth_multiplier;
        pixel += p->dilation_height * p->input_width * p->input_channels;
    }
    return sum;
}

static void convolve_pixel(const struct chipcast_depthwise_conv_2d_s16_params *p, const struct view *v,
                           int16_t *output)
{
    for (int32_t out = 0; out < p->input_channels * p->depth_multiplier; ++out) {
        const int32_t q = out * p->requantise_step;
        const int32_t scaled = chipcast_requantise_wide(sum_of(p, v, out), p->multiplier[q], p->shift[q]);
        output[out] = chipcast_clamp_s16(scaled, p->activation_min, p->activation_max);
    }
}

void chipcast_depthwise_conv_2d_s16(const struct chipcast_depthwise_conv_2d_s16_params *p, const int16_t *input,
                                    int16_t *output)
{
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t pixel = 0; pixel < p->output_height * p->output_width; ++pixel) {
            const int32_t y = pixel / p->output_width;
            const int32_t x = pixel % p->output_width;
            const struct view v = view_at(p, input, y * p->stride_height - p->padding_top,
                                          x * p->stride_width - p->padding_left);
            convolve_pixel(p, &v, output);
            output += p->input_channels * p->depth_multiplier;
        }
        input += p->input_height * p->input_width * p->input_channels;
    }
}
