#include "conv_2d_s8_dsp.h"

#include "byte_pairs_dsp.h"

/* Where the filter looks for one output pixel: the image and the place of the first tap in it. */
struct view {
    const int8_t *image;
    int32_t y;
    int32_t x;
};

static int8_t *copy_bytes(int8_t *to, const int8_t *from, int32_t count)
{
    for (; count >= 4; count -= 4) {
        chipcast_store_word(to, chipcast_load_word(from));
        to += 4;
        from += 4;
    }
    for (; count > 0; --count) {
        *to++ = *from++;
    }
    return to;
}

/* One row of the filter's view as bytes; outside the image it reads as the zero point, that is, as zero. */
static int8_t *copy_filter_row(const struct chipcast_conv_2d_s8_dsp_params *p, const struct view *view, int32_t y,
                               int8_t *patch)
{
    const int32_t channels = p->input_channels;
    const int32_t row = y * p->input_width;
    const int32_t inside_y = y >= 0 && y < p->input_height;
    const int32_t last = view->x + (p->filter_width - 1) * p->dilation_width;
    if (inside_y && p->dilation_width == 1 && view->x >= 0 && last < p->input_width) {
        return copy_bytes(patch, view->image + (row + view->x) * channels, p->filter_width * channels);
    }
    int32_t x = view->x;
    for (int32_t tap = 0; tap < p->filter_width; ++tap) {
        if (inside_y && x >= 0 && x < p->input_width) {
            patch = copy_bytes(patch, view->image + (row + x) * channels, channels);
        } else {
            memset(patch, p->input_zero_point, (size_t)channels);
            patch += channels;
        }
        x += p->dilation_width;
    }
    return patch;
}

/* Any number of channels: the view is laid out as bytes first. */
static void widen_by_bytes(const struct chipcast_conv_2d_s8_dsp_params *p, const struct view *view, uint32_t *pixel,
                           int8_t *patch)
{
    int8_t *end = patch;
    for (int32_t row = 0; row < p->filter_height; ++row) {
        end = copy_filter_row(p, view, view->y + row * p->dilation_height, end);
    }
    chipcast_widen(pixel, patch, p->groups);
}

/* Groups of four zero points. */
static uint32_t *widen_padding(uint32_t *pixel, int32_t zero_point, int32_t groups)
{
    const uint32_t lanes = chipcast_pkhbt_lsl16((uint32_t)zero_point, (uint32_t)zero_point);
    for (; groups > 0; --groups) {
        pixel[0] = lanes;
        pixel[2] = lanes;
        pixel += 4;
    }
    return pixel;
}

/* Channels in fours: straight from the image. */
static void widen_by_groups(const struct chipcast_conv_2d_s8_dsp_params *p, const struct view *view, uint32_t *pixel)
{
    const int32_t channels = p->input_channels, zero_point = p->input_zero_point;
    const int32_t groups = channels / 4;
    const int32_t last = view->x + (p->filter_width - 1) * p->dilation_width;
    for (int32_t row = 0; row < p->filter_height; ++row) {
        const int32_t y = view->y + row * p->dilation_height;
        int32_t from = (y * p->input_width + view->x) * channels;
        if (y < 0 || y >= p->input_height) {
            pixel = widen_padding(pixel, zero_point, p->filter_width * groups);
        } else if (p->dilation_width == 1 && view->x >= 0 && last < p->input_width) {
            chipcast_widen(pixel, view->image + from, p->filter_width * groups);
            pixel += 4 * p->filter_width * groups;
        } else {
            for (int32_t x = view->x; x <= last; x += p->dilation_width) {
                if (x < 0 || x >= p->input_width) {
                    widen_padding(pixel, zero_point, groups);
                } else {
                    chipcast_widen(pixel, view->image + from, groups);
                }
                pixel += 4 * groups;
                from += p->dilation_width * channels;
            }
        }
    }
}

static void widen(const struct chipcast_conv_2d_s8_dsp_params *p, const struct view *view, uint32_t *pixel,
                  int8_t *patch)
{
    if (p->input_channels % 4 == 0) {
        widen_by_groups(p, view, pixel);
    } else {
        widen_by_bytes(p, view, pixel, patch);
    }
}

void chipcast_conv_2d_s8_dsp(const struct chipcast_conv_2d_s8_dsp_params *p, const int8_t *input, int8_t *output,
                             uint32_t *pixels, int8_t *patch)
{
    const struct chipcast_byte_pairs pairs = {
        (const uint32_t *)p->weights, p->bias,     p->table, p->groups,  p->output_channels,
        p->any_sign,                  p->shift, p->minimum, p->maximum,
    };
    struct view view = {input, -p->padding_top, -p->padding_left};
    const int32_t image = p->input_height * p->input_width * p->input_channels;
    const int32_t count = p->batches * p->output_height * p->output_width;
    int32_t columns = p->output_width, rows = p->output_height;
    for (int32_t pixel = 0; pixel < count; ++pixel) {
        widen(p, &view, pixels + (pixel & 1), patch);
        if (pixel & 1) {
            chipcast_convolve_pair(&pairs, pixels, output, p->output_channels);
            output += 2 * p->output_channels;
        } else if (pixel == count - 1) {
            /* The last one of an odd number: its neighbour's sums land in the same place, and are the same. */
            widen(p, &view, pixels + 1, patch);
            chipcast_convolve_pair(&pairs, pixels, output, 0);
        }
        view.x += p->stride_width;
        if (--columns == 0) {
            columns = p->output_width;
            view.x = -p->padding_left;
            view.y += p->stride_height;
            if (--rows == 0) {
                rows = p->output_height;
                view.y = -p->padding_top;
                view.image += image;
            }
        }
    }
}
