/* Depthwise convolution on cores with DSP, one channel at a time: the channel is first copied out of the
 * image into a plane of its own, where rows lie in pairs, padding is there, and values are widened:
 *
 *   plane[pair][column] has image row 2 * pair - padding_top in its low lane, the next row in its high one,
 *                       of image column `column - padding_left`.
 *
 * So one SMLAD takes two rows of a filter's column, no loop looks for edges, and a plane is all that is
 * read of a channel: its output can go where the channel was. */
#ifndef CHIPCAST_DEPTHWISE_PLANES_DSP_H
#define CHIPCAST_DEPTHWISE_PLANES_DSP_H

#include <stdint.h>

#include "dsp.h"

/* The image, and the planes made of it: `pairs` of rows, `columns` words each, of which `inside` lie in the image. */
struct chipcast_planes {
    int32_t height;
    int32_t width;
    int32_t channels;
    int32_t padding_top;
    int32_t padding_left;
    int32_t zero_point;
    int32_t pairs;
    int32_t columns;
    int32_t inside;
};

/* Where an image row begins and how far apart its pixels are; a row outside the image is one value again
 * and again. */
struct chipcast_plane_row {
    const int8_t *from;
    int32_t step;
};

static inline struct chipcast_plane_row chipcast_plane_row(const struct chipcast_planes *p, const int8_t *image,
                                                           int32_t row, const int8_t *outside)
{
    struct chipcast_plane_row found = {outside, 0};
    if (row >= 0 && row < p->height) {
        found.from = image + row * p->width * p->channels;
        found.step = p->channels;
    }
    return found;
}

/* Finds what of the planes lies in the image, and puts padding around it in `count` of them: what is inside
 * is all that is written from then on, channel after channel. */
static __attribute__((noinline, unused)) void chipcast_pad_planes(struct chipcast_planes *p, uint32_t *plane,
                                                                  int32_t count)
{
    const uint32_t outside = ((uint32_t)p->zero_point & 0xFFFFu) * 0x10001u;
    const int32_t most = p->columns - p->padding_left;
    p->inside = most < p->width ? (most < 0 ? 0 : most) : p->width;
    for (; count > 0; --count) {
        for (int32_t pair = 0, row = -p->padding_top; pair < p->pairs; ++pair, row += 2) {
            const int in_image = row + 1 >= 0 && row < p->height && p->inside > 0;
            const int32_t before = in_image ? p->padding_left : p->columns;
            const int32_t after = in_image ? before + p->inside : before;
            for (int32_t i = 0; i < before; ++i) {
                plane[i] = outside;
            }
            for (int32_t i = after; i < p->columns; ++i) {
                plane[i] = outside;
            }
            plane += p->columns;
        }
    }
}

/* The plane of one channel, whose first value is at `image`. */
static __attribute__((noinline, unused)) void chipcast_fill_plane(const struct chipcast_planes *p, const int8_t *image, uint32_t *plane)
{
    const int8_t zero = (int8_t)p->zero_point;
    plane += p->padding_left;
    for (int32_t row = -p->padding_top, i = p->pairs; i > 0 && row < p->height; row += 2, --i) {
        const struct chipcast_plane_row low = chipcast_plane_row(p, image, row, &zero);
        const struct chipcast_plane_row high = chipcast_plane_row(p, image, row + 1, &zero);
        const int8_t *a = low.from, *b = high.from;
        uint32_t *const end = plane + p->inside;
        for (uint32_t *word = plane; word < end; ++word) {
            *word = chipcast_pkhbt_lsl16((uint32_t)*a, (uint32_t)*b);
            a += low.step;
            b += high.step;
        }
        plane += p->columns;
    }
}

/* Splits pixels of two channels, up to `end` in the first plane. */
static inline void chipcast_split_two(uint32_t **first, uint32_t **second, const uint32_t *end, const int8_t *upper,
                                      const int8_t *lower, int32_t upper_step, int32_t lower_step)
{
    uint32_t *one = *first, *two = *second;
    if (((end - one) & 1) != 0) {
        const uint32_t both = chipcast_pkhbt_lsl16(chipcast_load_half(upper), chipcast_load_half(lower));
        *one++ = chipcast_sxtb16(both);
        *two++ = chipcast_sxtb16_ror8(both);
        upper += upper_step;
        lower += lower_step;
    }
    while (one != end) {
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
        uint32_t x, y;
#define CHIPCAST_SPLIT                                                                                       \
    "ldrh %[x], [%[a]]\n"                                                                                    \
    "ldrh %[y], [%[b]]\n"                                                                                    \
    "add %[a], %[a], %[upper]\n"                                                                             \
    "add %[b], %[b], %[lower]\n"                                                                             \
    "pkhbt %[x], %[x], %[y], lsl #16\n"                                                                      \
    "sxtb16 %[y], %[x], ror #8\n"                                                                            \
    "sxtb16 %[x], %[x]\n"                                                                                    \
    "str %[y], [%[two]], #4\n"                                                                               \
    "str %[x], [%[one]], #4\n"
        __asm__ volatile(CHIPCAST_SPLIT CHIPCAST_SPLIT
                         : [a] "+r"(upper), [b] "+r"(lower), [one] "+r"(one), [two] "+r"(two), [x] "=&r"(x),
                           [y] "=&r"(y)
                         : [upper] "r"(upper_step), [lower] "r"(lower_step)
                         : "memory");
#undef CHIPCAST_SPLIT
#else
        const uint32_t both = chipcast_pkhbt_lsl16(chipcast_load_half(upper), chipcast_load_half(lower));
        *one++ = chipcast_sxtb16(both);
        *two++ = chipcast_sxtb16_ror8(both);
        upper += upper_step;
        lower += lower_step;
#endif
    }
    *first = one;
    *second = two;
}

/* The planes of two channels, one after the other. */
static __attribute__((noinline, unused)) void chipcast_fill_two_planes(const struct chipcast_planes *p,
                                                                       const int8_t *image, uint32_t *plane)
{
    const int8_t zeros[2] = {(int8_t)p->zero_point, (int8_t)p->zero_point};
    uint32_t *first = plane + p->padding_left, *second = first + p->pairs * p->columns;
    for (int32_t row = -p->padding_top, i = p->pairs; i > 0 && row < p->height && p->inside > 0; row += 2, --i) {
        const struct chipcast_plane_row low = chipcast_plane_row(p, image, row, zeros);
        const struct chipcast_plane_row high = chipcast_plane_row(p, image, row + 1, zeros);
        chipcast_split_two(&first, &second, first + p->inside, low.from, high.from, low.step, high.step);
        first += p->columns - p->inside;
        second += p->columns - p->inside;
    }
}

/* The next words of four planes. */
struct chipcast_four_planes {
    uint32_t *first;
    uint32_t *second;
    uint32_t *third;
    uint32_t *fourth;
};

/* A word of each of four planes: values of four channels, of two rows. */
static inline void chipcast_split_word(struct chipcast_four_planes *to, uint32_t upper, uint32_t lower)
{
    const uint32_t low_halves = chipcast_pkhbt_lsl16(upper, lower), high_halves = chipcast_pkhtb_asr16(lower, upper);
    *to->first++ = chipcast_sxtb16(low_halves);
    *to->second++ = chipcast_sxtb16_ror8(low_halves);
    *to->third++ = chipcast_sxtb16(high_halves);
    *to->fourth++ = chipcast_sxtb16_ror8(high_halves);
}

/* Splits pixels of four channels, up to `end` in the first plane. */
static inline void chipcast_split_four(struct chipcast_four_planes *planes, const uint32_t *end, const int8_t *upper,
                                       const int8_t *lower, int32_t upper_step, int32_t lower_step)
{
    struct chipcast_four_planes to = *planes;
    if (((end - to.first) & 1) != 0) {
        chipcast_split_word(&to, chipcast_load_word(upper), chipcast_load_word(lower));
        upper += upper_step;
        lower += lower_step;
    }
    while (to.first != end) {
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__OPTIMIZE__)
        uint32_t x, y, t;
#define CHIPCAST_SPLIT                                                                                       \
    "ldr %[x], [%[a]]\n"                                                                                     \
    "ldr %[y], [%[b]]\n"                                                                                     \
    "add %[a], %[a], %[upper]\n"                                                                             \
    "add %[b], %[b], %[lower]\n"                                                                             \
    "pkhbt %[t], %[x], %[y], lsl #16\n"                                                                      \
    "pkhtb %[y], %[y], %[x], asr #16\n"                                                                      \
    "sxtb16 %[x], %[t]\n"                                                                                    \
    "sxtb16 %[t], %[t], ror #8\n"                                                                            \
    "str %[x], [%[first]], #4\n"                                                                             \
    "str %[t], [%[second]], #4\n"                                                                            \
    "sxtb16 %[x], %[y]\n"                                                                                    \
    "sxtb16 %[y], %[y], ror #8\n"                                                                            \
    "str %[x], [%[third]], #4\n"                                                                             \
    "str %[y], [%[fourth]], #4\n"
        __asm__ volatile(CHIPCAST_SPLIT CHIPCAST_SPLIT
                         : [a] "+r"(upper), [b] "+r"(lower), [first] "+r"(to.first), [second] "+r"(to.second),
                           [third] "+r"(to.third), [fourth] "+r"(to.fourth), [x] "=&r"(x), [y] "=&r"(y), [t] "=&r"(t)
                         : [upper] "r"(upper_step), [lower] "r"(lower_step)
                         : "memory");
#undef CHIPCAST_SPLIT
#else
        chipcast_split_word(&to, chipcast_load_word(upper), chipcast_load_word(lower));
        upper += upper_step;
        lower += lower_step;
#endif
    }
    *planes = to;
}

/* The planes of four channels, one after the other: a word of the image has a value of each. */
static __attribute__((noinline, unused)) void chipcast_fill_four_planes(const struct chipcast_planes *p,
                                                                        const int8_t *image, uint32_t *plane)
{
    const uint32_t zeros = ((uint32_t)p->zero_point & 0xFFu) * 0x01010101u;
    const int8_t *const outside = (const int8_t *)(const void *)&zeros;
    const int32_t size = p->pairs * p->columns, skip = p->columns - p->inside;
    struct chipcast_four_planes to = {.first = plane + p->padding_left};
    to.second = to.first + size;
    to.third = to.second + size;
    to.fourth = to.third + size;
    for (int32_t row = -p->padding_top, i = p->pairs; i > 0 && row < p->height && p->inside > 0; row += 2, --i) {
        const struct chipcast_plane_row low = chipcast_plane_row(p, image, row, outside);
        const struct chipcast_plane_row high = chipcast_plane_row(p, image, row + 1, outside);
        chipcast_split_four(&to, to.first + p->inside, low.from, high.from, low.step, high.step);
        to.first += skip;
        to.second += skip;
        to.third += skip;
        to.fourth += skip;
    }
}

/* Fills planes with as many channels, from `channel` on, as there are planes and channels; how many. */
static inline int32_t chipcast_fill_planes(const struct chipcast_planes *p, int32_t planes, int32_t channel,
                                           const int8_t *image, uint32_t *plane)
{
    const int32_t left = p->channels - channel;
    if (planes == 4 && left >= 4) {
        chipcast_fill_four_planes(p, image + channel, plane);
        return 4;
    }
    if (planes >= 2 && left >= 2) {
        chipcast_fill_two_planes(p, image + channel, plane);
        return 2;
    }
    chipcast_fill_plane(p, image + channel, plane);
    return 1;
}

#endif
