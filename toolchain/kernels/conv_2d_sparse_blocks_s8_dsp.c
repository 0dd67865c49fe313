#include "conv_2d_sparse_blocks_s8_dsp.h"

#include "sparse_pixels_dsp.h"

typedef struct chipcast_conv_2d_sparse_blocks_s8_dsp_params parameters;

static inline int32_t within(int32_t value, int32_t limit)
{
    return value < 0 ? 0 : (value > limit ? limit : value);
}

/* Bytes of two pixels, a tap of both a word. */
static uint32_t *widen_two(uint32_t *to, const int8_t *first, const int8_t *second, int32_t count)
{
    for (; count >= 4; count -= 4) {
        const uint32_t a = chipcast_load_word(first), b = chipcast_load_word(second);
        const uint32_t a02 = chipcast_sxtb16(a), a13 = chipcast_sxtb16_ror8(a);
        const uint32_t b02 = chipcast_sxtb16(b), b13 = chipcast_sxtb16_ror8(b);
        to[0] = chipcast_pkhbt_lsl16(a02, b02);
        to[1] = chipcast_pkhbt_lsl16(a13, b13);
        to[2] = chipcast_pkhtb_asr16(b02, a02);
        to[3] = chipcast_pkhtb_asr16(b13, a13);
        first += 4;
        second += 4;
        to += 4;
    }
    for (; count > 0; --count) {
        *to++ = chipcast_pkhbt_lsl16((uint32_t)*first++, (uint32_t)*second++);
    }
    return to;
}

static uint32_t *fill_two(uint32_t *to, int32_t value, int32_t count)
{
    const uint32_t word = chipcast_pkhbt_lsl16((uint32_t)value, (uint32_t)value);
    for (; count > 0; --count) {
        *to++ = word;
    }
    return to;
}

static inline void store_lane(char *to, uint32_t value)
{
    const uint16_t lane = (uint16_t)(value & 0xFFFFu);
    memcpy(to, &lane, sizeof lane);
}

/* One of the two pixels: the lane at `to` of every word. */
static char *widen_one(char *to, const int8_t *from, int32_t count)
{
    for (; count >= 4; count -= 4) {
        const uint32_t word = chipcast_load_word(from);
        const uint32_t even = chipcast_sxtb16(word), odd = chipcast_sxtb16_ror8(word);
        store_lane(to, even);
        store_lane(to + 4, odd);
        store_lane(to + 8, even >> 16);
        store_lane(to + 12, odd >> 16);
        from += 4;
        to += 16;
    }
    for (; count > 0; --count) {
        store_lane(to, (uint32_t)*from++);
        to += sizeof(uint32_t);
    }
    return to;
}

static char *fill_one(char *to, int32_t value, int32_t count)
{
    for (; count > 0; --count) {
        store_lane(to, (uint32_t)value);
        to += sizeof(uint32_t);
    }
    return to;
}

/* What the filter sees of two neighbours, neither of them reaching over the image's sides. `at` is where the first
 * one's view begins in the image, if row `y` is in it. */
static void see_two(const parameters *p, const int8_t *image, int32_t at, int32_t y, uint32_t *pixels)
{
    const int32_t count = p->filter_width * p->input_channels;
    const int32_t pitch = p->dilation_height * p->input_width * p->input_channels;
    for (int32_t row = p->filter_height; row > 0; --row) {
        if (y < 0 || y >= p->input_height) {
            pixels = fill_two(pixels, p->input_zero_point, count);
        } else {
            pixels = widen_two(pixels, image + at, image + at + p->stride_width * p->input_channels, count);
        }
        y += p->dilation_height;
        at += pitch;
    }
}

/* What it sees at column `x`, whatever of it lies outside of the image, in one lane. */
static void see_one(const parameters *p, const int8_t *image, int32_t at, int32_t y, int32_t x, char *lane)
{
    const int32_t before = within(-x, p->filter_width), channels = p->input_channels;
    const int32_t after = within(x + p->filter_width - p->input_width, p->filter_width - before);
    const int32_t inside = p->filter_width - before - after;
    const int32_t pitch = p->dilation_height * p->input_width * channels;
    at += before * channels;
    for (int32_t row = p->filter_height; row > 0; --row) {
        if (y < 0 || y >= p->input_height || inside == 0) {
            lane = fill_one(lane, p->input_zero_point, p->filter_width * channels);
        } else {
            lane = fill_one(lane, p->input_zero_point, before * channels);
            lane = widen_one(lane, image + at, inside * channels);
            lane = fill_one(lane, p->input_zero_point, after * channels);
        }
        y += p->dilation_height;
        at += pitch;
    }
}

void chipcast_conv_2d_sparse_blocks_s8_dsp(const struct chipcast_conv_2d_sparse_blocks_s8_dsp_params *p,
                                           const int8_t *input, int8_t *output, uint32_t *pixels)
{
    const struct chipcast_byte_pairs pairs = {
        (const uint32_t *)p->weights, p->bias,  p->table,   0,         p->output_channels,
        p->any_sign,                  p->shift, p->minimum, p->maximum,
    };
    const struct chipcast_sparse_pixels sparse = {&pairs, p->counts, p->runs};
    const int32_t both = p->stride_width + p->filter_width, channels = p->output_channels;
    int32_t odd = 0;
    for (int32_t row = 0; row < p->batches * p->output_height; ++row) {
        const int32_t batch = row / p->output_height;
        const int32_t y = (row - batch * p->output_height) * p->stride_height - p->padding_top;
        const int8_t *const image = input + batch * p->input_height * p->input_width * p->input_channels;
        int32_t x = -p->padding_left, left = p->output_width;
        while (left > 0) {
            const int32_t at = (y * p->input_width + x) * p->input_channels;
            const int32_t two = !odd && left > 1 && x >= 0 && x + both <= p->input_width;
            if (two) {
                see_two(p, image, at, y, pixels);
            } else {
                see_one(p, image, at, y, x, (char *)pixels + 2 * odd);
            }
            x += two ? 2 * p->stride_width : p->stride_width;
            left -= 1 + two;
            odd ^= !two;
            if (!odd) {
                chipcast_convolve_sparse_pair(&sparse, pixels, output, channels);
                output += 2 * channels;
            }
        }
    }
    if (odd) {
        /* The last of an odd number, whose outputs are stored over those of what its neighbour's lanes still hold. */
        chipcast_convolve_sparse_pair(&sparse, pixels, output, 0);
    }
}
