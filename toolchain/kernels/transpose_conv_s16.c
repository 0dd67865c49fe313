#include "transpose_conv_s16.h"

#include <string.h>

#include "dot_product_s16.h"

/* The taps of one phase along one axis: `count` of them, and the first output they belong to. */
struct phase {
    int32_t count;
    int32_t first;
};

static struct phase phase_of(int32_t number, int32_t taps, int32_t stride, int32_t padding)
{
    const int32_t remainder = (number - padding) % stride;
    const struct phase found = {
        number < taps ? (taps - number + stride - 1) / stride : 0,
        remainder < 0 ? remainder + stride : remainder,
    };
    return found;
}

static size_t bytes_of(int32_t values)
{
    return (size_t)values * sizeof(int16_t);
}

/* `count` pixels of row `y` from column `x` on; outside the image they read as 0. */
static void copy_row(const struct chipcast_transpose_conv_s16_params *p, const int16_t *image, int32_t y, int32_t x,
                     int32_t count, int16_t *patch)
{
    const int32_t channels = p->input_channels;
    const int32_t first = x < 0 ? 0 : x;
    const int32_t end = x + count < p->input_width ? x + count : p->input_width;
    memset(patch, 0, bytes_of(count * channels));
    if (y >= 0 && y < p->input_height && first < end) {
        memcpy(patch + (first - x) * channels, image + (y * p->input_width + first) * channels,
               bytes_of((end - first) * channels));
    }
}

/* All output pixels of one phase of one image. */
static void convolve_phase(const struct chipcast_transpose_conv_s16_params *p, const int16_t *image,
                           struct phase down, struct phase across, const int8_t *weights, int16_t *output,
                           int16_t *patch)
{
    const struct chipcast_output_stage_s16 stage = {
        p->multiplier,       p->shift,          p->requantise_step,
        p->accumulator_bits, p->activation_min, p->activation_max,
    };
    const int32_t row = across.count * p->input_channels;
    const int32_t length = down.count * row;
    for (int32_t y = down.first; y < p->output_height; y += p->stride_height) {
        const int32_t top = (y + p->padding_top) / p->stride_height - down.count + 1;
        for (int32_t x = across.first; x < p->output_width; x += p->stride_width) {
            const int32_t left = (x + p->padding_left) / p->stride_width - across.count + 1;
            int16_t *pixel = output + (y * p->output_width + x) * p->output_channels;
            for (int32_t tap = 0; tap < down.count; ++tap) {
                copy_row(p, image, top + tap, left, across.count, patch + tap * row);
            }
            for (int32_t c = 0; c < p->output_channels; ++c) {
                const int64_t sum = p->bias[c] + chipcast_dot_product_s16(weights + c * length, patch, length);
                pixel[c] = chipcast_output_s16(&stage, c, sum);
            }
        }
    }
}

void chipcast_transpose_conv_s16(const struct chipcast_transpose_conv_s16_params *p, const int16_t *input,
                                 int16_t *output, int16_t *patch)
{
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        const int8_t *weights = p->weights;
        for (int32_t i = 0; i < p->stride_height; ++i) {
            const struct phase down = phase_of(i, p->filter_height, p->stride_height, p->padding_top);
            for (int32_t j = 0; j < p->stride_width; ++j) {
                const struct phase across = phase_of(j, p->filter_width, p->stride_width, p->padding_left);
                convolve_phase(p, input, down, across, weights, output, patch);
                weights += p->output_channels * down.count * across.count * p->input_channels;
            }
        }
        input += p->input_height * p->input_width * p->input_channels;
        output += p->output_height * p->output_width * p->output_channels;
    }
}
