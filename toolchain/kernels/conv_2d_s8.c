#include "conv_2d_s8.h"

#include <string.h>

#include "dot_product.h"

/* Copies the part of row `y` that the filter row starting at column `x` sees, `channels` of each pixel
 * from `first` on. What lies outside the image reads as the zero point, that is, as real zero. */
static void copy_filter_row(const struct chipcast_conv_2d_s8_params *p, const int8_t *image, int32_t y, int32_t x,
                            int32_t first, int32_t channels, int8_t *patch)
{
    if (y < 0 || y >= p->input_height) {
        memset(patch, p->input_zero_point, (size_t)(p->filter_width * channels));
        return;
    }
    const int8_t *row = image + y * p->input_width * p->input_channels;
    const int32_t last = x + (p->filter_width - 1) * p->dilation_width;
    if (p->dilation_width == 1 && p->groups == 1 && x >= 0 && last < p->input_width) {
        memcpy(patch, row + x * channels, (size_t)(p->filter_width * channels));
        return;
    }
    for (int32_t tap = 0; tap < p->filter_width; ++tap) {
        if (x < 0 || x >= p->input_width) {
            memset(patch, p->input_zero_point, (size_t)channels);
        } else {
            memcpy(patch, row + x * p->input_channels + first, (size_t)channels);
        }
        patch += channels;
        x += p->dilation_width;
    }
}

/* One output pixel: the filter's view of the image is laid out flat once and serves all channels. */
static void convolve_pixel(const struct chipcast_conv_2d_s8_params *p, const int8_t *image, int32_t y, int32_t x,
                           int8_t *output, int8_t *patch)
{
    const int32_t channels = p->input_channels / p->groups;
    const int32_t filters = p->output_channels / p->groups;
    const int32_t length = p->filter_height * p->filter_width * channels;
    for (int32_t group = 0; group < p->groups; ++group) {
        const int32_t first = group * filters;
        const int32_t q = first * p->requantise_step;
        const struct chipcast_output_stage stage = {
            p->multiplier + q,    p->shift + q,      p->requantise_step,
            p->output_zero_point, p->activation_min, p->activation_max,
        };
        for (int32_t tap = 0; tap < p->filter_height; ++tap) {
            copy_filter_row(p, image, y + tap * p->dilation_height, x, group * channels, channels,
                            patch + tap * p->filter_width * channels);
        }
        chipcast_rows_times_vector(p->weights + first * length, p->bias + first, patch, length, filters, stage,
                                   output + first);
    }
}

void chipcast_conv_2d_s8(const struct chipcast_conv_2d_s8_params *p, const int8_t *input, int8_t *output,
                         int8_t *patch)
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
