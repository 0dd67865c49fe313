/* What a filter sees of an image, laid out flat: the windows of one output pixel after the other.
 *
 * With `flip` 0x80 the values are stored plus 128, as uint8_t, and added up on the way. */
#ifndef CHIPCAST_PATCH_S8_H
#define CHIPCAST_PATCH_S8_H

#include <stdint.h>
#include <string.h>

/* The shapes, and where the next window begins: its first tap may lie outside the image. */
struct chipcast_windows {
    const int8_t *image;
    int32_t height;
    int32_t width;
    int32_t channels;
    int32_t filter_height;
    int32_t filter_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t dilation_height;
    int32_t dilation_width;
    int32_t top;
    int32_t left;
    int32_t bottom;
    int32_t right;
    int32_t zero_point;
    int32_t y;
    int32_t x;
};

static inline uint32_t chipcast_aligned_word(const void *from)
{
    uint32_t word;
    memcpy(&word, __builtin_assume_aligned(from, 4), sizeof word);
    return word;
}

static __attribute__((noinline, unused)) int32_t chipcast_copy_values(int8_t *to, const int8_t *from, int32_t count, uint32_t flip)
{
    const uint32_t flips = flip * 0x01010101u, halves = 0x00FF00FFu;
    int32_t sum = 0;
    if ((((uintptr_t)to | (uintptr_t)from) & 3u) == 0u) {
        while (count >= 4) {
            /* A lane of 16 bits holds 256 bytes' sum. */
            const int32_t words = count < 1024 ? count / 4 : 256;
            uint32_t lanes = 0, odd = 0;
            for (const int8_t *const end = from + 4 * words; from != end; from += 4, to += 4) {
                const uint32_t word = chipcast_aligned_word(from) ^ flips;
                memcpy(__builtin_assume_aligned(to, 4), &word, sizeof word);
                if (flip != 0u) {
                    lanes += word & halves;
                    odd += (word >> 8) & halves;
                }
            }
            sum += (int32_t)((lanes & 0xFFFFu) + (lanes >> 16) + (odd & 0xFFFFu) + (odd >> 16));
            count -= 4 * words;
        }
    }
    for (; count > 0; --count) {
        const uint32_t value = ((uint32_t)*from++ ^ flip) & 0xFFu;
        *to++ = (int8_t)value;
        sum += (int32_t)value;
    }
    return sum;
}

static inline int32_t chipcast_fill_values(int8_t *to, int32_t zero_point, int32_t count, uint32_t flip)
{
    const uint32_t value = ((uint32_t)zero_point ^ flip) & 0xFFu;
    for (int32_t i = 0; i < count; ++i) {
        to[i] = (int8_t)value;
    }
    return (int32_t)value * count;
}

/* One row of the filter; `y` and `x` are those of its first tap. */
static inline int32_t chipcast_copy_filter_row(const struct chipcast_windows *w, int32_t y, int8_t *to, uint32_t flip)
{
    const int32_t channels = w->channels;
    int32_t sum = 0, x = w->x;
    if (y < 0 || y >= w->height) {
        return chipcast_fill_values(to, w->zero_point, w->filter_width * channels, flip);
    }
    const int8_t *const row = w->image + y * w->width * channels;
    if (w->dilation_width == 1 && x >= 0 && x + w->filter_width <= w->width) {
        return chipcast_copy_values(to, row + x * channels, w->filter_width * channels, flip);
    }
    for (int32_t tap = 0; tap < w->filter_width; ++tap, to += channels, x += w->dilation_width) {
        if (x < 0 || x >= w->width) {
            sum += chipcast_fill_values(to, w->zero_point, channels, flip);
        } else {
            sum += chipcast_copy_values(to, row + x * channels, channels, flip);
        }
    }
    return sum;
}

/* The next pixel's window, and on to the one after it; returns the sum of what is stored, for `flip` 0x80. */
static __attribute__((noinline, unused)) int32_t chipcast_next_patch(struct chipcast_windows *w, int8_t *to, uint32_t flip)
{
    int32_t sum = 0, y = w->y;
    for (int32_t row = 0; row < w->filter_height; ++row, y += w->dilation_height) {
        sum += chipcast_copy_filter_row(w, y, to, flip);
        to += w->filter_width * w->channels;
    }
    w->x += w->stride_width;
    if (w->x == w->right) {
        w->x = w->left;
        w->y += w->stride_height;
        if (w->y == w->bottom) {
            w->y = w->top;
            w->image += w->height * w->width * w->channels;
        }
    }
    return sum;
}

#endif
