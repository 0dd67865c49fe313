#include "pad_s8.h"

#include <string.h>

/* Whether index `i` of the output's axis lies in the input. */
static int is_inside(const struct chipcast_pad_s8_params *p, int32_t axis, int32_t i)
{
    return i >= p->before[axis] && i < p->before[axis] + p->input_extent[axis];
}

void chipcast_pad_s8(const struct chipcast_pad_s8_params *p, const int8_t *input, int8_t *output)
{
    const int32_t row = p->output_extent[3];
    for (int32_t i = 0; i < p->output_extent[0]; ++i) {
        for (int32_t j = 0; j < p->output_extent[1]; ++j) {
            for (int32_t k = 0; k < p->output_extent[2]; ++k) {
                memset(output, p->value, (size_t)row);
                if (is_inside(p, 0, i) && is_inside(p, 1, j) && is_inside(p, 2, k)) {
                    memcpy(output + p->before[3], input, (size_t)p->input_extent[3]);
                    input += p->input_extent[3];
                }
                output += row;
            }
        }
    }
}
