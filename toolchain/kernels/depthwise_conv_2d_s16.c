#include "depthwise_conv_2d_s16.h"

#include "dot_product_s16.h"

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

/* The filter of one output channel, whose first weight is `weight`, over the taps that see the image. */
static int64_t sum_of(const struct chipcast_depthwise_conv_2d_s16_params *p, const int16_t *image, int32_t y,
                      int32_t x, const int8_t *weight, int32_t channel)
{
    const struct taps rows = inside(y, p->input_height, p->filter_height, p->dilation_height);
    const struct taps columns = inside(x, p->input_width, p->filter_width, p->dilation_width);
    const int32_t outputs = p->input_channels * p->depth_multiplier;
    const int32_t across = p->dilation_width * p->input_channels;
    int64_t sum = 0;
    for (int32_t row = rows.first; row < rows.end; ++row) {
        const int32_t in_y = y + row * p->dilation_height;
        const int32_t in_x = x + columns.first * p->dilation_width;
        int32_t at = (in_y * p->input_width + in_x) * p->input_channels + channel;
        int32_t tap = (row * p->filter_width + columns.first) * outputs;
        for (int32_t column = columns.first; column < columns.end; ++column) {
            sum += weight[tap] * image[at];
            tap += outputs;
            at += across;
        }
    }
    return sum;
}

static void convolve_pixel(const struct chipcast_depthwise_conv_2d_s16_params *p, const int16_t *image, int32_t y,
                           int32_t x, int16_t *output)
{
    const struct chipcast_output_stage_s16 stage = {
        p->multiplier,       p->shift,          p->requantise_step,
        p->accumulator_bits, p->activation_min, p->activation_max,
    };
    int32_t out = 0;
    for (int32_t channel = 0; channel < p->input_channels; ++channel) {
        for (int32_t m = 0; m < p->depth_multiplier; ++m) {
            const int64_t sum = p->bias[out] + sum_of(p, image, y, x, p->weights + out, channel);
            output[out] = chipcast_output_s16(&stage, out, sum);
            ++out;
        }
    }
}

void chipcast_depthwise_conv_2d_s16(const struct chipcast_depthwise_conv_2d_s16_params *p, const int16_t *input,
                                    int16_t *output)
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
