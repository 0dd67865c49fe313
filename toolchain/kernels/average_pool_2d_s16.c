#include "average_pool_2d_s16.h"

/* The part of a pooling window that lies inside the image: rows top..bottom-1, columns left..right-1. */
struct window {
    int32_t top;
    int32_t bottom;
    int32_t left;
    int32_t right;
};

static struct window clip(const struct chipcast_average_pool_2d_s16_params *p, int32_t y, int32_t x)
{
    struct window w = {y, y + p->filter_height, x, x + p->filter_width};
    w.top = w.top < 0 ? 0 : w.top;
    w.left = w.left < 0 ? 0 : w.left;
    w.bottom = w.bottom > p->input_height ? p->input_height : w.bottom;
    w.right = w.right > p->input_width ? p->input_width : w.right;
    return w;
}

/* The mean over the window of one channel, halves away from zero. */
static int32_t mean_of(const struct chipcast_average_pool_2d_s16_params *p, const int16_t *image, struct window w)
{
    const int32_t count = (w.bottom - w.top) * (w.right - w.left);
    int32_t sum = 0;
    for (int32_t y = w.top; y < w.bottom; ++y) {
        for (int32_t x = w.left; x < w.right; ++x) {
            sum += image[(y * p->input_width + x) * p->channels];
        }
    }
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

void chipcast_average_pool_2d_s16(const struct chipcast_average_pool_2d_s16_params *p, const int16_t *input, int16_t *output)
{
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t y = 0; y < p->output_height; ++y) {
            for (int32_t x = 0; x < p->output_width; ++x) {
                const struct window w =
                    clip(p, y * p->stride_height - p->padding_top, x * p->stride_width - p->padding_left);
                for (int32_t channel = 0; channel < p->channels; ++channel) {
                    int32_t value = mean_of(p, input + channel, w);
                    value = value < p->activation_min ? p->activation_min : value;
                    value = value > p->activation_max ? p->activation_max : value;
                    *output++ = (int16_t)value;
                }
            }
        }
        input += p->input_height * p->input_width * p->channels;
    }
}
