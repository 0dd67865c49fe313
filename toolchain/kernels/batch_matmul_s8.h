/* Products of many matrices, int8; either side transposed, or repeated along batch axes. */
#ifndef CHIPCAST_BATCH_MATMUL_S8_H
#define CHIPCAST_BATCH_MATMUL_S8_H

#include <stdint.h>

/* Each product is output[rows][columns] = left[rows][depth] * right[depth][columns]. Strides are in values;
 * those of the batch axes are 0 where a side is repeated. */
struct chipcast_batch_matmul_s8_params {
    int32_t batches[3];
    int32_t left_batch_stride[3];
    int32_t right_batch_stride[3];
    int32_t rows;
    int32_t depth;
    int32_t columns;
    int32_t left_row_stride;
    int32_t left_depth_stride;
    int32_t right_depth_stride;
    int32_t right_column_stride;
    int32_t left_zero_point;
    int32_t right_zero_point;
    int32_t output_zero_point;
    int32_t multiplier;
    int32_t shift;
};

/* output: [batches ...][rows][columns]; it must not overlap the inputs, which may be the same. */
void chipcast_batch_matmul_s8(const struct chipcast_batch_matmul_s8_params *p, const int8_t *left,
                              const int8_t *right, int8_t *output);

#endif
