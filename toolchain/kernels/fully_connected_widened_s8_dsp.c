#include "fully_connected_widened_s8_dsp.h"

#include "byte_pairs_row_dsp.h"

/* Taps in fours, and zeros up to the end. */
static void widen_row(uint32_t *row, const uint32_t *end, const int8_t *input, int32_t count)
{
    for (; count >= 4; count -= 4) {
        const uint32_t word = chipcast_load_word(input);
        row[0] = chipcast_sxtb16(word);
        row[1] = chipcast_sxtb16_ror8(word);
        row += 2;
        input += 4;
    }
    if (count > 0) {
        uint32_t word = 0;
        memcpy(&word, input, (size_t)count);
        row[0] = chipcast_sxtb16(word);
        row[1] = chipcast_sxtb16_ror8(word);
        row += 2;
    }
    while (row != end) {
        *row++ = 0;
    }
}

void chipcast_fully_connected_widened_s8_dsp(const struct chipcast_fully_connected_widened_s8_dsp_params *p,
                                             const int8_t *input, int8_t *output, uint32_t *row)
{
    const struct chipcast_byte_pairs pairs = {
        (const uint32_t *)p->weights, p->bias,  p->table,   p->groups,  p->output_channels,
        p->any_sign,                  p->shift, p->minimum, p->maximum,
    };
    const uint32_t *end = row + 2 * p->groups;
    int32_t entry = p->groups / 2 & 3;
    struct chipcast_row_run run = {pairs.weights, pairs.bias, pairs.table, output, pairs.shift};
    widen_row(row, end, input, p->input_channels);
    for (int32_t left = pairs.channels; left > 0; left -= 4) {
        struct chipcast_row_sums sums = {0, 0, 0, 0};
        chipcast_add_widened(&sums, &run.weights, row, &end, &entry);
        chipcast_store_next(&pairs, &run, sums, left);
    }
}
