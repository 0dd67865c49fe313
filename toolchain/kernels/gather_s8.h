/* Slices of an int8 tensor at given positions along one axis. */
#ifndef CHIPCAST_GATHER_S8_H
#define CHIPCAST_GATHER_S8_H

#include <stdint.h>

/* The input is [batches, outer, extent, run], the positions are [batches, positions] and the output is
 * [batches, outer, positions, run]. */
struct chipcast_gather_s8_params {
    int32_t batches;
    int32_t outer;
    int32_t positions;
    int32_t extent;
    int32_t run;
};

/* positions: int32 in the machine's byte order, at any address, each from 0 to extent - 1. output must
 * overlap neither. */
void chipcast_gather_s8(const struct chipcast_gather_s8_params *p, const int8_t *input, const void *positions,
                        int8_t *output);

#endif
