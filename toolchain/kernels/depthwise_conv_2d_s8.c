#include "depthwise_conv_2d_s8.h"

#include "requantise.h"

/* The filter of one output channel over a window that lies wholly inside the image. `pixel` is the
 * window's first value of the input channel, `weight` the filter's first of the output channel. */
static int32_t sum_inside(const struct chipcast_depthwise_conv_2d_s8_params *p, const int8_t *pixel,
                          const int8_t *weight, int32_t sum)
{
    const int32_t outputs = p->input_channels * p->depth_multiplier;
    const int32_t across = p->dilation_width * p->input_channels;
    const int32_t down = p->dilation_height * p->input_width * p->input_channels;
    for (int32_t row = 0; row < p->filter_height; ++row) {
        const int8_t *value = pixel;
        for (int32_t column = 0; column < p->filter_width; ++column) {
            sum += *weight * *value;
            weight += outputs;
            value += across;
        }
        pixel += down;
    }
    return sum;
}

/* The same where the window reaches over an edge: what lies outside reads as the zero point. */
static int32_t sum_at_edge(const struct chipcast_depthwise_conv_2d_s8_params *p, const int8_t *image, int32_t y,
                           int32_t x, int32_t channel, const int8_t *weight, int32_t sum)
{
    const int32_t outputs = p->input_channels * p->depth_multiplier;
    for (int32_t row = 0; row < p->filter_height; ++row) {
        const int32_t in_y = y + row * p->dilation_height;
        for (int32_t column = 0; column < p->filter_width; ++column) {
            const int32_t in_x = x + column * p->dilation_width;
            int32_t value = p->input_zero_point;
            if (in_y >= 0 && in_y < p->input_height && in_x >= 0 && in_x < p->input_width) {
                value = image[(in_y * p->input_width + in_x) * p->input_channels + channel];
            }
            sum += *weight * value;
            weight += outputs;
        }
    }
    return sum;
}

static void convolve_pixel(const struct chipcast_depthwise_conv_2d_s8_params *p, const int8_t *image, int32_t y,
                           int32_t x, int8_t *output)
{
    const int32_t last_y = y + (p->filter_height - 1) * p->dilation_height;
    const int32_t last_x = x + (p->filter_width - 1) * p->dilation_width;
    const int inside = y >= 0 && x >= 0 && last_y < p->input_height && last_x < p->input_width;
    int32_t out = 0;
    for (int32_t channel = 0; channel < p->input_channels; ++channel) {
        for (int32_t m = 0; m < p->depth_multiplier; ++m) {
            const int8_t *weight = p->weights + out;
            int32_t sum = p->bias[out];
            if (inside) {
                const int8_t *pixel = image + (y * p->input_width + x) * p->input_channels + channel;
                sum = sum_inside(p, pixel, weight, sum);
            } else {
                sum = sum_at_edge(p, image, y, x, channel, weight, sum);
            }
            const int32_t q = out * p->requantise_step;
            const int32_t scaled = chipcast_requantise(sum, p->multiplier[q], p->shift[q]);
            output[out] =
                chipcast_offset_and_clamp(scaled, p->output_zero_point, p->activation_min, p->activation_max);
            ++out;
        }
    }
}

void chipcast_depthwise_conv_2d_s8(const struct chipcast_depthwise_conv_2d_s8_params *p, const int8_t *input,
                                   int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t y = 0; y < p->output_height; ++y) {
            for (int32_t x = 0; x < p->output_width; ++x) {
                convolve_pixel(p, input, y * p->stride_height - p->padding_top,
                               x * p->stride_width - p->padding_left, output);
                output += p->input_channels * p->depth_multiplier;
            }
        }
        input += p->input_height * p->input_width * p->input_channels;
    }
}
