#include "pad_s8.h"

#include <string.h>

/* Whether index `i` of the output's axis lies in the input. */
static int is_inside(const struct chipcast_pad_s8_params *p, int32_t axis, int32_t i)
{
    return i >= p->before[axis] && i < p->before[axis] + p->input_extent[axis];
}

void chipcast_pad_s8(const struct chipcast_pad_s8_params *p, const int8_t *input, int8_t *output)
{
    const int32_t row = p->output_extent[4];
    for (int32_t h = 0; h < p->output_extent[0]; ++h) {
        for (int32_t i = 0; i < p->output_extent[1]; ++i) {
            for (int32_t j = 0; j < p->output_extent[2]; ++j) {
                const int inside = is_inside(p, 0, h) && is_inside(p, 1, i) && is_inside(p, 2, j);
                for (int32_t k = 0; k < p->output_extent[3]; ++k) {
                    memset(output, p->value, (size_t)row);
                    if (inside && is_inside(p, 3, k)) {
                        memcpy(output + p->before[4], input, (size_t)p->input_extent[4]);
                        input += p->input_extent[4];
                    }
                    output += row;
                }
            }
        }
    }
}
