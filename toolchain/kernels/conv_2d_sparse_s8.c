#include "conv_2d_sparse_s8.h"

#include "patch_s8.h"
#include "short_stage.h"

#define PIXELS 4
#define RUN_TAPS 256

/* Adds the products of `pairs` of weights with the taps of four pixels, which lie `apart` bytes from one another. */
static inline const int8_t *add_to_four(int32_t *sums, const int8_t *entry, int32_t pairs, const int8_t *x,
                                        int32_t apart)
{
    const int8_t *const x1 = x + apart, *const x2 = x1 + apart, *const x3 = x2 + apart;
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    for (const int8_t *const end = entry + 4 * pairs; entry != end; entry += 4) {
        uint32_t tap = (uint8_t)entry[0];
        int32_t weight = entry[1];
        sum0 += x[tap] * weight;
        sum1 += x1[tap] * weight;
        sum2 += x2[tap] * weight;
        sum3 += x3[tap] * weight;
        tap = (uint8_t)entry[2];
        weight = entry[3];
        sum0 += x[tap] * weight;
        sum1 += x1[tap] * weight;
        sum2 += x2[tap] * weight;
        sum3 += x3[tap] * weight;
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
    return entry;
}

/* The same with those of one pixel. */
static inline const int8_t *add_to_one(int32_t *sums, const int8_t *entry, int32_t pairs, const int8_t *x)
{
    int32_t sum = sums[0];
    for (const int8_t *const end = entry + 4 * pairs; entry != end; entry += 4) {
        sum += x[(uint8_t)entry[0]] * entry[1];
        sum += x[(uint8_t)entry[2]] * entry[3];
    }
    sums[0] = sum;
    return entry;
}

/* All channels of four pixels, or of one. */
static __attribute__((noinline)) void convolve(const struct chipcast_conv_2d_sparse_s8_params *p, const int8_t *pixels,
                                               int32_t apart, int8_t *output, int32_t count)
{
    const struct chipcast_short_stage stage = {
        p->stage_kind, p->table, p->shift, p->activation_min, p->activation_max,
    };
    const int8_t *entry = p->weights;
    const uint8_t *counts = p->counts;
    for (int32_t channel = 0; channel < p->output_channels; ++channel) {
        int32_t sums[PIXELS] = {0, 0, 0, 0};
        const int8_t *x = pixels;
        for (int32_t runs = p->runs; runs > 0; --runs) {
            const int32_t pairs = *counts++;
            entry = count > 1 ? add_to_four(sums, entry, pairs, x, apart) : add_to_one(sums, entry, pairs, x);
            x += RUN_TAPS;
        }
        chipcast_put_outputs(&stage, channel, 0, sums, sums + count, output + channel, p->output_channels);
    }
}

void chipcast_conv_2d_sparse_s8(const struct chipcast_conv_2d_sparse_s8_params *p, const int8_t *input,
                                int8_t *output, int8_t *patch)
{
    const int32_t top = -p->padding_top, left = -p->padding_left;
    struct chipcast_windows windows = {
        input,
        p->input_height,
        p->input_width,
        p->input_channels,
        p->filter_height,
        p->filter_width,
        p->stride_height,
        p->stride_width,
        p->dilation_height,
        1,
        top,
        left,
        top + p->output_height * p->stride_height,
        left + p->output_width * p->stride_width,
        p->input_zero_point,
        top,
        left,
    };
    const int32_t taps = p->filter_height * p->filter_width * p->input_channels;
    int32_t count = PIXELS;
    for (int32_t rest = p->batches * p->output_height * p->output_width; rest > 0; rest -= count) {
        const int8_t *pixels = input;
        count = rest < PIXELS ? 1 : PIXELS;
        if (p->pointwise) {
            input += count * taps;
        } else {
            pixels = patch;
            for (int32_t i = 0; i < count; ++i) {
                chipcast_next_patch(&windows, patch + i * taps, 0);
            }
        }
        convolve(p, pixels, taps, output, count);
        output += count * p->output_channels;
    }
}
