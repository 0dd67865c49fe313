/* Fully connected layer of one row, int8, on cores with long multiplications but no DSP instructions: eight
 * outputs at a time, so that each value is loaded once for eight products. */
#ifndef CHIPCAST_FULLY_CONNECTED_S8_BY_EIGHT_H
#define CHIPCAST_FULLY_CONNECTED_S8_BY_EIGHT_H

#include <stdint.h>

/* `weights` is [blocks of eight outputs][inputs][8]; blocks are whole: where the outputs are no multiple of eight,
 * the second begins within the first. `table` has the outputs in the order of the blocks, see short_stage.h. */
struct chipcast_fully_connected_s8_by_eight_params {
    int32_t input_channels;
    int32_t output_channels;
    const int8_t *weights;
    int32_t stage_kind;
    const int32_t *table;
    const int8_t *shift;
    int32_t activation_min;
    int32_t activation_max;
};

void chipcast_fully_connected_s8_by_eight(const struct chipcast_fully_connected_s8_by_eight_params *p,
                                          const int8_t *input, int8_t *output);

#endif
