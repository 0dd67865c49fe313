#include "transpose_conv_s8.h"

#include <string.h>

#include "dot_product.h"

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

/* `count` pixels of row `y` from column `x` on; outside the image they read as the zero point. */
static void copy_row(const struct chipcast_transpose_conv_s8_params *p, const int8_t *image, int32_t y, int32_t x,
                     int32_t count, int8_t *patch)
{
    const int32_t channels = p->input_channels;
    const int32_t first = x < 0 ? 0 : x;
    const int32_t end = x + count < p->input_width ? x + count : p->input_width;
    if (y < 0 || y >= p->input_height || first >= end) {
        memset(patch, p->input_zero_point, (size_t)(count * channels));
        return;
    }
    const int32_t before = (first - x) * channels;
    const int32_t inside = (end - first) * channels;
    memset(patch, p->input_zero_point, (size_t)before);
    memcpy(patch + before, image + (y * p->input_width + first) * channels, (size_t)inside);
    memset(patch + before + inside, p->input_zero_point, (size_t)(count * channels - before - inside));
}

/* All output pixels of one phase of one image. */
static void convolve_phase(const struct chipcast_transpose_conv_s8_params *p, const int8_t *image, struct phase down,
                           struct phase across, const int8_t *weights, const int32_t *bias, int8_t *output,
                           int8_t *patch)
{
    const struct chipcast_output_stage stage = {
        p->multiplier,        p->shift,          p->requantise_step,
        p->output_zero_point, p->activation_min, p->activation_max,
    };
    const int32_t row = across.count * p->input_channels;
    for (int32_t y = down.first; y < p->output_height; y += p->stride_height) {
        const int32_t top = (y + p->padding_top) / p->stride_height - down.count + 1;
        for (int32_t x = across.first; x < p->output_width; x += p->stride_width) {
            const int32_t left = (x + p->padding_left) / p->stride_width - across.count + 1;
            for (int32_t tap = 0; tap < down.count; ++tap) {
                copy_row(p, image, top + tap, left, across.count, patch + tap * row);
            }
            chipcast_rows_times_vector(weights, bias, patch, down.count * row, p->output_channels, stage,
                                       output + (y * p->output_width + x) * p->output_channels);
        }
    }
}

void chipcast_transpose_conv_s8(const struct chipcast_transpose_conv_s8_params *p, const int8_t *input,
                                int8_t *output, int8_t *patch)
{
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        const int8_t *weights = p->weights;
        const int32_t *bias = p->bias;
        for (int32_t i = 0; i < p->stride_height; ++i) {
            const struct phase down = phase_of(i, p->filter_height, p->stride_height, p->padding_top);
            for (int32_t j = 0; j < p->stride_width; ++j) {
                const struct phase across = phase_of(j, p->filter_width, p->stride_width, p->padding_left);
                convolve_phase(p, input, down, across, weights, bias, output, patch);
                weights += p->output_channels * down.count * across.count * p->input_channels;
                bias += p->output_channels;
            }
        }
        input += p->input_height * p->input_width * p->input_channels;
        output += p->output_height * p->output_width * p->output_channels;
    }
}
