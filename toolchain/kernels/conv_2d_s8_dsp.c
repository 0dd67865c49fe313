#include "conv_2d_s8_dsp.h"

#include "byte_pairs_pixels_dsp.h"

/* Not worth a copy at each place that calls it. */
#define APART static __attribute__((noinline))

/* What the filter sees for one output pixel. Its rows are `pitch` bytes apart from `from` on, but for `above`
 * rows before and `below` rows behind the image. Of a row, `before` bytes lie left of the image, `inside` in it,
 * and `after` right of it. */
struct view {
    const int8_t *from;
    int32_t pitch;
    int32_t above;
    int32_t rows;
    int32_t below;
    int32_t before;
    int32_t inside;
    int32_t after;
};

static inline int32_t within(int32_t value, int32_t limit)
{
    return value < 0 ? 0 : (value > limit ? limit : value);
}

/* The rows that a filter sees whose first is `y`; where they begin in the image. */
APART int32_t place_rows(const struct chipcast_conv_2d_s8_dsp_params *p, int32_t y, struct view *view)
{
    const int32_t step = p->dilation_height;
    view->above = within((step - 1 - y) / step, p->filter_height);
    view->rows = within((p->input_height - 1 - y + step) / step - view->above, p->filter_height - view->above);
    view->below = p->filter_height - view->above - view->rows;
    view->pitch = step * p->input_width * p->input_channels;
    return (y + view->above * step) * p->input_width * p->input_channels;
}

/* Widens groups of four bytes into every other word: one of two pixels. */
static inline uint32_t *widen_group(uint32_t *pixel, const int8_t *from)
{
    const uint32_t word = chipcast_load_word(from);
    pixel[0] = chipcast_sxtb16(word);
    pixel[2] = chipcast_sxtb16_ror8(word);
    return pixel + 4;
}

static inline uint32_t *widen(uint32_t *pixel, const int8_t *from, int32_t count)
{
    const int8_t *const end = from + count;
    for (; from != end; from += 4) {
        pixel = widen_group(pixel, from);
    }
    return pixel;
}

APART uint32_t *widen_padding(uint32_t *pixel, uint32_t zero_points, int32_t count)
{
    const uint32_t lanes = chipcast_sxtb16(zero_points);
    for (; count > 0; count -= 4) {
        pixel[0] = lanes;
        pixel[2] = lanes;
        pixel += 4;
    }
    return pixel;
}

/* Channels in fours: padding and image meet at groups. */
APART void widen_groups(const struct view *view, uint32_t zero_points, uint32_t *pixel)
{
    const int32_t whole = view->before + view->inside + view->after, odd = view->inside & 12;
    const int8_t *from = view->from;
    if (view->above > 0) {
        pixel = widen_padding(pixel, zero_points, view->above * whole);
    }
    for (int32_t row = view->rows; row > 0; --row) {
        if (view->before > 0) {
            pixel = widen_padding(pixel, zero_points, view->before);
        }
        pixel = widen(pixel, from, odd);
        for (int32_t i = odd; i < view->inside; i += 16) {
            pixel = widen_group(pixel, from + i);
            pixel = widen_group(pixel, from + i + 4);
            pixel = widen_group(pixel, from + i + 8);
            pixel = widen_group(pixel, from + i + 12);
        }
        if (view->after > 0) {
            pixel = widen_padding(pixel, zero_points, view->after);
        }
        from += view->pitch;
    }
    if (view->below > 0) {
        widen_padding(pixel, zero_points, view->below * whole);
    }
}

/* Bytes one by one: what is left here is short. */
static inline int8_t *copy(int8_t *to, const int8_t *from, int32_t count)
{
    for (int32_t i = 0; i < count; ++i) {
        to[i] = from[i];
    }
    return to + count;
}

APART int8_t *fill(int8_t *to, uint32_t zero_points, int32_t count)
{
    for (; count >= 4; count -= 4) {
        chipcast_store_word(to, zero_points);
        to += 4;
    }
    chipcast_store_bytes(to, zero_points, count);
    return to + count;
}

/* Any number of channels: a view that reaches beyond the image is laid out as bytes at `patch` first. Whole groups of
 * every row come first, then what is left of the rows, which is put together in `rests`. */
APART void widen_rows(const struct view *view, uint32_t zero_points, uint32_t *pixel, int8_t *patch, int8_t *rests)
{
    const int32_t bytes = view->before + view->inside + view->after, rows = view->above + view->rows + view->below;
    const int32_t whole = bytes & ~3, rest = bytes & 3;
    const int8_t *from = view->from;
    int32_t pitch = view->pitch;
    if (rows > view->rows || bytes > view->inside) {
        int8_t *to = fill(patch, zero_points, view->above * bytes);
        for (int32_t row = view->rows; row > 0; --row) {
            to = fill(to, zero_points, view->before);
            to = copy(to, from, view->inside);
            to = fill(to, zero_points, view->after);
            from += pitch;
        }
        fill(to, zero_points, view->below * bytes);
        from = patch;
        pitch = bytes;
    }
    int8_t *to = rests;
    for (int32_t row = rows; row > 0; --row) {
        pixel = widen(pixel, from, whole);
        to = copy(to, from + whole, rest);
        from += pitch;
    }
    widen(pixel, rests, (int32_t)(to - rests + 3) & ~3);
}

/* Where the rows of pixels begin that see nothing left or right of the image, and what of them is padding. */
APART void place_views(struct chipcast_views *views, const struct view *view, uint32_t zero_points, uint32_t *pixels,
                       int8_t *rests, int32_t apart)
{
    const int32_t whole = view->inside & ~3, rest = view->inside & 3;
    const int32_t rows = view->above + view->rows + view->below;
    const int32_t first_below = view->above + view->rows;
    for (int32_t i = 0; i < 2; ++i) {
        if (view->above > 0) {
            widen_padding(pixels + i, zero_points, view->above * whole);
            fill(rests + i * rows * rest, zero_points, view->above * rest);
        }
        if (view->below > 0) {
            widen_padding(pixels + i + first_below * whole, zero_points, view->below * whole);
            fill(rests + (i * rows + first_below) * rest, zero_points, view->below * rest);
        }
    }
    views->from = view->from;
    views->apart = apart;
    views->rows = view->rows;
    views->pitch = view->pitch;
    views->whole = whole;
    views->rest = rest;
    views->words = pixels + view->above * whole;
    views->rests = rests + view->above * rest;
    views->all_rests = rows * rest;
    views->begin = rests;
    views->behind = pixels + rows * whole;
}

/* How many pairs of pixels, from the one on whose view begins at column x, see nothing left or right of the image. */
static inline int32_t pairs_inside(const struct chipcast_conv_2d_s8_dsp_params *p, int32_t x, int32_t columns)
{
    const int32_t room = p->input_width - p->filter_width - x;
    return x < 0 || room < 0 || columns < 2 ? 0 : within((room / p->stride_width + 1) / 2, columns / 2);
}

void chipcast_conv_2d_s8_dsp(const struct chipcast_conv_2d_s8_dsp_params *p, const int8_t *input, int8_t *output,
                             uint32_t *pixels, int8_t *patch)
{
    const struct chipcast_blocks blocks = {
        (const uint32_t *)p->blocks, p->groups, p->output_channels, p->any_sign, p->minimum, p->maximum,
    };
    const uint32_t zero_points = chipcast_four_times(p->input_zero_point);
    const int32_t channels = p->input_channels, filter_width = p->filter_width, stride = p->stride_width;
    const int32_t two = 2 * p->output_channels;
    int8_t *const rests = patch + p->filter_height * filter_width * channels;
    struct chipcast_views views = {.rows = 0};
    int32_t odd = 0;
    for (int32_t row = 0; row < p->batches * p->output_height; ++row) {
        const int32_t batch = row / p->output_height, y = row - batch * p->output_height;
        struct view view;
        const int8_t *image = input + batch * p->input_height * p->input_width * channels;
        image += place_rows(p, y * p->stride_height - p->padding_top, &view);
        int32_t x = -p->padding_left, columns = p->output_width;
        while (columns > 0) {
            const int32_t pairs = odd ? 0 : pairs_inside(p, x, columns);
            if (pairs > 0) {
                view.from = image + x * channels;
                view.inside = filter_width * channels;
                place_views(&views, &view, zero_points, pixels, rests, stride * channels);
                chipcast_convolve_pairs(&blocks, &views, pixels, output, p->output_channels, pairs);
                output += pairs * two;
                x += 2 * pairs * stride;
                columns -= 2 * pairs;
                continue;
            }
            const int32_t before = within(-x, filter_width);
            const int32_t after = within(x + filter_width - p->input_width, filter_width - before);
            view.from = image + (x + before) * channels;
            view.before = before * channels;
            view.inside = (filter_width - before - after) * channels;
            view.after = after * channels;
            if (channels % 4 == 0) {
                widen_groups(&view, zero_points, pixels + odd);
            } else {
                widen_rows(&view, zero_points, pixels + odd, patch, rests);
            }
            if (odd) {
                views.rows = 0;
                chipcast_convolve_pairs(&blocks, &views, pixels, output, p->output_channels, 1);
                output += two;
            }
            odd ^= 1;
            x += stride;
            --columns;
        }
    }
    if (odd) {
        views.rows = 0;
        chipcast_convolve_pairs(&blocks, &views, pixels, output, 0, 1);
    }
}
