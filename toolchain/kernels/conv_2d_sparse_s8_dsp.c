#include "conv_2d_sparse_s8_dsp.h"

#include "sparse_stage_dsp.h"

#define PIXELS 4
#define RUN_TAPS 256

typedef struct chipcast_conv_2d_sparse_s8_dsp_params parameters;

static inline int32_t within(int32_t value, int32_t limit)
{
    return value < 0 ? 0 : (value > limit ? limit : value);
}

/* What the filter sees of pixels goes to words, a byte a pixel, a word a tap. This is one pixel's byte. */
static int8_t *spread(int8_t *to, const int8_t *from, int32_t count)
{
    for (; count >= 4; count -= 4) {
        const uint32_t word = chipcast_load_word(from);
        to[0] = (int8_t)(word & 0xFFu);
        to[PIXELS] = (int8_t)((word >> 8) & 0xFFu);
        to[2 * PIXELS] = (int8_t)((word >> 16) & 0xFFu);
        to[3 * PIXELS] = (int8_t)(word >> 24);
        from += 4;
        to += 4 * PIXELS;
    }
    for (; count > 0; --count) {
        *to = *from++;
        to += PIXELS;
    }
    return to;
}

static int8_t *spread_value(int8_t *to, int32_t value, int32_t count)
{
    for (; count > 0; --count) {
        *to = (int8_t)value;
        to += PIXELS;
    }
    return to;
}

/* Four taps of four pixels that lie `apart` bytes from one another. */
static inline void transpose(uint32_t *to, const int8_t *from, int32_t apart)
{
    const uint32_t a = chipcast_load_word(from), b = chipcast_load_word(from + apart);
    const uint32_t c = chipcast_load_word(from + 2 * apart), d = chipcast_load_word(from + 3 * apart);
    const uint32_t a02 = chipcast_uxtb16(a) | (chipcast_uxtb16(b) << 8);
    const uint32_t a13 = chipcast_uxtb16_ror8(a) | (chipcast_uxtb16_ror8(b) << 8);
    const uint32_t c02 = chipcast_uxtb16(c) | (chipcast_uxtb16(d) << 8);
    const uint32_t c13 = chipcast_uxtb16_ror8(c) | (chipcast_uxtb16_ror8(d) << 8);
    to[0] = chipcast_pkhbt_lsl16(a02, c02);
    to[1] = chipcast_pkhbt_lsl16(a13, c13);
    to[2] = chipcast_pkhtb_asr16(c02, a02);
    to[3] = chipcast_pkhtb_asr16(c13, a13);
}

/* What the filter sees of four neighbours, none of them reaching over the image's sides. `at` is where the first
 * one's view begins in the image, if row `y` is in it. */
static void see_four(const parameters *p, const int8_t *image, int32_t at, int32_t y, uint32_t *pixels)
{
    const int32_t count = p->filter_width * p->input_channels, apart = p->stride_width * p->input_channels;
    const int32_t pitch = p->dilation_height * p->input_width * p->input_channels;
    const uint32_t zero_points = ((uint32_t)p->input_zero_point & 0xFFu) * 0x01010101u;
    for (int32_t row = p->filter_height; row > 0; --row) {
        if (y < 0 || y >= p->input_height) {
            for (int32_t i = 0; i < count; ++i) {
                pixels[i] = zero_points;
            }
        } else {
            int32_t i = 0;
            for (; i + 4 <= count; i += 4) {
                transpose(pixels + i, image + at + i, apart);
            }
            for (int32_t pixel = 0; pixel < PIXELS; ++pixel) {
                spread((int8_t *)(pixels + i) + pixel, image + at + i + pixel * apart, count - i);
            }
        }
        pixels += count;
        y += p->dilation_height;
        at += pitch;
    }
}

/* What it sees at column `x`, whatever of it lies outside of the image. */
static void see_one(const parameters *p, const int8_t *image, int32_t at, int32_t y, int32_t x, int8_t *pixel)
{
    const int32_t before = within(-x, p->filter_width), channels = p->input_channels;
    const int32_t after = within(x + p->filter_width - p->input_width, p->filter_width - before);
    const int32_t inside = p->filter_width - before - after;
    const int32_t pitch = p->dilation_height * p->input_width * channels;
    at += before * channels;
    for (int32_t row = p->filter_height; row > 0; --row) {
        if (y < 0 || y >= p->input_height || inside == 0) {
            pixel = spread_value(pixel, p->input_zero_point, p->filter_width * channels);
        } else {
            pixel = spread_value(pixel, p->input_zero_point, before * channels);
            pixel = spread(pixel, image + at, inside * channels);
            pixel = spread_value(pixel, p->input_zero_point, after * channels);
        }
        y += p->dilation_height;
        at += pitch;
    }
}

/* Of four pixels. */
struct sums {
    int32_t of_0, of_1, of_2, of_3;
};

/* Adds the products of `pairs` of weights, one at least, with the taps of four pixels; where the weights end. */
static inline const int8_t *add_pairs(struct sums *s, const int8_t *entry, const uint32_t *taps, int32_t pairs)
{
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    /* Loads one right after another take a cycle each, which gcc's own order does not keep. */
#define TWO_WEIGHTS(index, weight, more_index, more_weight)                                                  \
    "ldrb r8, [%[entry], #" index "]\n"                                                                      \
    "ldrb r9, [%[entry], #" more_index "]\n"                                                                 \
    "ldr r8, [%[taps], r8, lsl #2]\n"                                                                        \
    "ldr r9, [%[taps], r9, lsl #2]\n"                                                                        \
    "ldrsb r10, [%[entry], #" weight "]\n"                                                                   \
    "ldrsb r11, [%[entry], #" more_weight "]\n" FOUR_PIXELS("r8", "r10") FOUR_PIXELS("r9", "r11")
#define FOUR_PIXELS(tap, weight)                                                                             \
    "sxtb16 r12, " tap "\n"                                                                                  \
    "sxtb16 " tap ", " tap ", ror #8\n"                                                                      \
    "smlabb %[of_0], r12, " weight ", %[of_0]\n"                                                             \
    "smlatb %[of_2], r12, " weight ", %[of_2]\n"                                                             \
    "smlabb %[of_1], " tap ", " weight ", %[of_1]\n"                                                         \
    "smlatb %[of_3], " tap ", " weight ", %[of_3]\n"
    __asm__ volatile("lsrs %[pairs], %[pairs], #1\n"
                     "bcc 1f\n"
                     "adds %[pairs], %[pairs], #1\n"
                     "subs %[entry], %[entry], #4\n"
                     "b 2f\n"
                     "1:\n" TWO_WEIGHTS("0", "1", "2", "3") "2:\n" TWO_WEIGHTS("4", "5", "6", "7")
                     "adds %[entry], %[entry], #8\n"
                     "subs %[pairs], %[pairs], #1\n"
                     "bne 1b\n"
                     : [of_0] "+&r"(s->of_0), [of_1] "+&r"(s->of_1), [of_2] "+&r"(s->of_2), [of_3] "+&r"(s->of_3),
                       [entry] "+&r"(entry), [pairs] "+&r"(pairs)
                     : [taps] "r"(taps)
                     : "r8", "r9", "r10", "r11", "r12", "cc", "memory");
#undef FOUR_PIXELS
#undef TWO_WEIGHTS
#else
    for (int32_t left = 2 * pairs; left > 0; --left, entry += 2) {
        const uint32_t word = taps[(uint8_t)entry[0]], weight = (uint32_t)entry[1];
        const uint32_t even = chipcast_sxtb16(word), odd = chipcast_sxtb16_ror8(word);
        s->of_0 = chipcast_smlabb(even, weight, s->of_0);
        s->of_1 = chipcast_smlabb(odd, weight, s->of_1);
        s->of_2 = chipcast_smlatb(even, weight, s->of_2);
        s->of_3 = chipcast_smlatb(odd, weight, s->of_3);
    }
#endif
    return entry;
}

/* One channel's outputs of the first `count` of four pixels, `apart` bytes from one another. */
static inline void store(const parameters *p, struct chipcast_sparse_channel channel, struct sums s, int8_t *to,
                         int32_t apart, int32_t count)
{
    int32_t y0, y1, y2, y3;
    if (p->any_sign) {
        const int32_t low = p->minimum + 128, high = p->maximum + 128;
        y0 = chipcast_sparse_any_sign(channel, s.of_0, low, high);
        y1 = chipcast_sparse_any_sign(channel, s.of_1, low, high);
        y2 = chipcast_sparse_any_sign(channel, s.of_2, low, high);
        y3 = chipcast_sparse_any_sign(channel, s.of_3, low, high);
    } else {
        y0 = chipcast_sparse_rectified(channel, s.of_0);
        y1 = chipcast_sparse_rectified(channel, s.of_1);
        y2 = chipcast_sparse_rectified(channel, s.of_2);
        y3 = chipcast_sparse_rectified(channel, s.of_3);
    }
    *to = (int8_t)(y0 - 128);
    if (count > 1) {
        to += apart;
        *to = (int8_t)(y1 - 128);
    }
    if (count > 2) {
        to += apart;
        *to = (int8_t)(y2 - 128);
    }
    if (count > 3) {
        to += apart;
        *to = (int8_t)(y3 - 128);
    }
}

/* All channels of the first `count` of four pixels. */
CHIPCAST_ONCE void convolve(const parameters *p, const uint32_t *pixels, int8_t *output, int32_t count)
{
    const int32_t channels = p->output_channels;
    const int8_t *entry = p->weights;
    const uint8_t *counts = p->counts;
    const int32_t *bias = p->bias, *table = p->table;
    for (const int8_t *const end = output + channels; output != end; ++output) {
        struct sums s = {0, 0, 0, 0};
        const uint32_t *taps = pixels;
        for (int32_t runs = p->runs; runs > 0; --runs) {
            const int32_t pairs = *counts++;
            if (pairs > 0) {
                entry = add_pairs(&s, entry, taps, pairs);
            }
            taps += RUN_TAPS;
        }
        struct chipcast_sparse_channel channel = {*bias++, *table++, 0, p->shift};
        if (p->any_sign) {
            channel.rounding = *table++;
            channel.shift = *table++;
        }
        store(p, channel, s, output, channels, count);
    }
}

void chipcast_conv_2d_sparse_s8_dsp(const struct chipcast_conv_2d_sparse_s8_dsp_params *p, const int8_t *input,
                                    int8_t *output, uint32_t *pixels)
{
    const int32_t all = (PIXELS - 1) * p->stride_width + p->filter_width;
    int32_t seen = 0;
    for (int32_t row = 0; row < p->batches * p->output_height; ++row) {
        const int32_t batch = row / p->output_height;
        const int32_t y = (row - batch * p->output_height) * p->stride_height - p->padding_top;
        const int8_t *const image = input + batch * p->input_height * p->input_width * p->input_channels;
        int32_t x = -p->padding_left, left = p->output_width;
        while (left > 0) {
            const int32_t at = (y * p->input_width + x) * p->input_channels;
            const int32_t four = seen == 0 && left >= PIXELS && x >= 0 && x + all <= p->input_width;
            if (four) {
                see_four(p, image, at, y, pixels);
            } else {
                see_one(p, image, at, y, x, (int8_t *)pixels + seen);
            }
            const int32_t more = four ? PIXELS : 1;
            seen += more;
            left -= more;
            x += more * p->stride_width;
            if (seen == PIXELS) {
                convolve(p, pixels, output, PIXELS);
                output += PIXELS * p->output_channels;
                seen = 0;
            }
        }
    }
    if (seen > 0) {
        convolve(p, pixels, output, seen);
    }
}
