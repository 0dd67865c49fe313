#include "resize_bilinear_s8.h"

#define ONE 1024

/* Where output row or column `i` lies: the one before it, how far behind that it is, and how many values
 * further the next one starts. */
struct place {
    int32_t before;
    int32_t fraction;
    int32_t to_next;
};

static struct place place(int32_t i, int32_t step, int32_t offset, int32_t extent, int32_t stride)
{
    struct place found;
    const int32_t last = (extent - 1) * ONE;
    int32_t position = i * step + offset;
    if (position < 0) {
        position = 0;
    }
    if (position > last) {
        position = last;
    }
    found.before = position / ONE * stride;
    found.fraction = position % ONE;
    found.to_next = found.fraction != 0 ? stride : 0;
    return found;
}

static void mix(int32_t channels, const int8_t *input, struct place row, struct place column, int8_t *output)
{
    const int8_t *top = input + row.before + column.before;
    const int8_t *bottom = top + row.to_next;
    const int32_t right = column.to_next;
    for (int32_t c = 0; c < channels; ++c) {
        const int32_t above = top[c] * (ONE - column.fraction) + top[c + right] * column.fraction;
        const int32_t below = bottom[c] * (ONE - column.fraction) + bottom[c + right] * column.fraction;
        const int32_t sum = above * (ONE - row.fraction) + below * row.fraction;
        const int32_t half = sum > 0 ? ONE * ONE / 2 : -(ONE * ONE / 2);
        output[c] = (int8_t)((sum + half) / (ONE * ONE));
    }
}

void chipcast_resize_bilinear_s8(const struct chipcast_resize_bilinear_s8_params *p, const int8_t *input,
                                 int8_t *output)
{
    const int32_t row_bytes = p->input_width * p->channels;
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t y = 0; y < p->output_height; ++y) {
            const struct place row = place(y, p->row_step, p->row_offset, p->input_height, row_bytes);
            for (int32_t x = 0; x < p->output_width; ++x) {
                mix(p->channels, input, row,
                    place(x, p->column_step, p->column_offset, p->input_width, p->channels), output);
                output += p->channels;
            }
        }
        input += p->input_height * row_bytes;
    }
}
