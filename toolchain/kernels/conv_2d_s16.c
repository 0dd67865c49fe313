#include "conv_2d_s16.h"

#include <string.h>

#include "dot_product_s16.h"

static size_t bytes_of(int32_t values)
{
    return (size_t)values * sizeof(int16_t);
}

/* Copies the part of row `y` that the filter row starting at column `x` sees, `channels` of each pixel
 * from `first` on. What lies outside the image reads as 0. */
static void copy_filter_row(const struct chipcast_conv_2d_s16_params *p, const int16_t *image, int32_t y, int32_t x,
                            int32_t first, int32_t channels, int16_t *patch)
{
    if (y < 0 || y >= p->input_height) {
        memset(patch, 0, bytes_of(p->filter_width * channels));
        return;
    }
    const int16_t *row = image + y * p->input_width * p->input_channels;
    const int32_t last = x + (p->filter_width - 1) * p->dilation_width;
    if (p->dilation_width == 1 && p->groups == 1 && x >= 0 && last < p->input_width) {
        memcpy(patch, row + x * channels, bytes_of(p->filter_width * channels));
        return;
    }
    for (int32_t tap = 0; tap < p->filter_width; ++tap) {
        if (x < 0 || x >= p->input_width) {
            memset(patch, 0, bytes_of(channels));
        } else {
            memcpy(patch, row + x * p->input_channels + first, bytes_of(channels));
        }
        patch += channels;
        x += p->dilation_width;
    }
}

/* One output pixel: the filter's view of the image is laid out flat once and serves all channels. */
static void convolve_pixel(const struct chipcast_conv_2d_s16_params *p, const int16_t *image, int32_t y, int32_t x,
                           int16_t *output, int16_t *patch)
{
    const struct chipcast_output_stage_s16 stage = {
        p->multiplier,       p->shift,          p->requantise_step,
        p->accumulator_bits, p->activation_min, p->activation_max,
    };
    const int32_t channels = p->input_channels / p->groups;
    const int32_t filters = p->output_channels / p->groups;
    const int32_t length = p->filter_height * p->filter_width * channels;
    const int8_t *weights = p->weights;
    int32_t out = 0;
    for (int32_t group = 0; group < p->groups; ++group) {
        for (int32_t tap = 0; tap < p->filter_height; ++tap) {
            copy_filter_row(p, image, y + tap * p->dilation_height, x, group * channels, channels,
                            patch + tap * p->filter_width * channels);
        }
        for (int32_t filter = 0; filter < filters; ++filter) {
            const int64_t sum = p->bias[out] + chipcast_dot_product_s16(weights, patch, length);
            output[out] = chipcast_output_s16(&stage, out, sum);
            weights += length;
            ++out;
        }
    }
}

void chipcast_conv_2d_s16(const struct chipcast_conv_2d_s16_params *p, const int16_t *input, int16_t *output,
                          int16_t *patch)
{
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t y = 0; y < p->output_height; ++y) {
            for (int32_t x = 0; x < p->output_width; ++x) {
                convolve_pixel(p, input, y * p->stride_height - p->padding_top,
                               x * p->stride_width - p->padding_left, output, patch);
                output += p->output_channels;
            }
        }
        input += p->input_height * p->input_width * p->input_channels;
    }
}
