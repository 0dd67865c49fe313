#include "fully_connected_s8_dsp.h"

#include "byte_pairs_row_dsp.h"

#define TWO_GROUPS 8

void chipcast_fully_connected_s8_dsp(const struct chipcast_fully_connected_s8_dsp_params *p, const int8_t *input,
                                     int8_t *output)
{
    const struct chipcast_byte_pairs pairs = {
        (const uint32_t *)p->weights, p->bias,  p->table,   p->groups,  p->output_channels,
        p->any_sign,                  p->shift, p->minimum, p->maximum,
    };
    const int32_t rest = p->input_channels % TWO_GROUPS;
    const int8_t *end = input + (p->input_channels - rest);
    int8_t last[TWO_GROUPS] = {0};
    const int8_t *last_end = last + TWO_GROUPS;
    struct chipcast_row_run run = {pairs.weights, pairs.bias, pairs.table, output, pairs.shift};
    memcpy(last, end, (size_t)rest);
    for (int32_t left = pairs.channels; left > 0; left -= 4) {
        struct chipcast_row_sums sums = {0, 0, 0, 0};
        if (end != input) {
            chipcast_add_bytes(&sums, &run.weights, input, &end);
        }
        if (rest > 0) {
            chipcast_add_bytes(&sums, &run.weights, last, &last_end);
        }
        chipcast_store_next(&pairs, &run, sums, left);
    }
}
