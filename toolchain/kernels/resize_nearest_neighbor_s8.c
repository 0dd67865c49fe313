#include "resize_nearest_neighbor_s8.h"

#include <string.h>

void chipcast_resize_nearest_neighbor_s8(const struct chipcast_resize_nearest_neighbor_s8_params *p,
                                         const int8_t *input, int8_t *output)
{
    const int32_t channels = p->channels;
    const int32_t row_bytes = p->input_width * channels;
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t y = 0; y < p->output_height; ++y) {
            const int8_t *row = input + p->rows[y] * row_bytes;
            for (int32_t x = 0; x < p->output_width; ++x) {
                memcpy(output, row + p->columns[x] * channels, (size_t)channels);
                output += channels;
            }
        }
        input += p->input_height * row_bytes;
    }
}
