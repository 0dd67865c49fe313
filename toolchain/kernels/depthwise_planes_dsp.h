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

/* The planes of two channels, one after the other. */
static __attribute__((noinline, unused)) void chipcast_fill_two_planes(const struct chipcast_planes *p,
                                                                       const int8_t *image, uint32_t *plane)
{
    const int8_t zeros[2] = {(int8_t)p->zero_point, (int8_t)p->zero_point};
    uint32_t *first = plane + p->padding_left, *second = first + p->pairs * p->columns;
    for (int32_t row = -p->padding_top, i = p->pairs; i > 0 && row < p->height && p->inside > 0; row += 2, --i) {
        const struct chipcast_plane_row low = chipcast_plane_row(p, image, row, zeros);
        const struct chipcast_plane_row high = chipcast_plane_row(p, image, row + 1, zeros);
        const int8_t *a = low.from, *b = high.from;
        uint32_t *const end = first + p->inside;
        do {
            const uint32_t both = chipcast_pkhbt_lsl16(chipcast_load_half(a), chipcast_load_half(b));
            *first++ = chipcast_sxtb16(both);
            *second++ = chipcast_sxtb16_ror8(both);
            a += low.step;
            b += high.step;
        } while (first != end);
        first += p->columns - p->inside;
        second += p->columns - p->inside;
    }
}

/* The planes of four channels, one after the other: a word of the image has a value of each. */
static __attribute__((noinline, unused)) void chipcast_fill_four_planes(const struct chipcast_planes *p, const int8_t *image, uint32_t *plane)
{
    const uint32_t zeros = ((uint32_t)p->zero_point & 0xFFu) * 0x01010101u;
    const int32_t size = p->pairs * p->columns, skip = p->columns - p->inside;
    uint32_t *first = plane + p->padding_left, *second = first + size, *third = second + size, *fourth = third + size;
    for (int32_t row = -p->padding_top, i = p->pairs; i > 0 && row < p->height && p->inside > 0; row += 2, --i) {
        const int8_t *const outside = (const int8_t *)(const void *)&zeros;
        const struct chipcast_plane_row low = chipcast_plane_row(p, image, row, outside);
        const struct chipcast_plane_row high = chipcast_plane_row(p, image, row + 1, outside);
        const int8_t *a = low.from, *b = high.from;
        uint32_t *const end = first + p->inside;
        do {
            const uint32_t x = chipcast_load_word(a), y = chipcast_load_word(b);
            const uint32_t low_halves = chipcast_pkhbt_lsl16(x, y), high_halves = chipcast_pkhtb_asr16(y, x);
            *first++ = chipcast_sxtb16(low_halves);
            *second++ = chipcast_sxtb16_ror8(low_halves);
            *third++ = chipcast_sxtb16(high_halves);
            *fourth++ = chipcast_sxtb16_ror8(high_halves);
            a += low.step;
            b += high.step;
        } while (first != end);
        first += skip;
        second += skip;
        third += skip;
        fourth += skip;
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
