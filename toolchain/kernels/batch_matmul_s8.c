#include "batch_matmul_s8.h"

#include "requantise.h"

static int8_t finished(const struct chipcast_batch_matmul_s8_params *p, int32_t sum)
{
    const int32_t scaled = chipcast_requantise(sum, p->multiplier, p->shift);
    return chipcast_offset_and_clamp(scaled, p->output_zero_point, INT8_MIN, INT8_MAX);
}

/* One row of a product. Four columns go together, so that each value of the row is loaded once for four. */
static void multiply_row(const struct chipcast_batch_matmul_s8_params *p, const int8_t *row, const int8_t *right,
                         int8_t *output)
{
    const int32_t step = p->right_column_stride;
    int32_t column = 0;
    for (; column + 4 <= p->columns; column += 4) {
        const int8_t *a = row;
        const int8_t *b = right + column * step;
        int32_t sums[4] = {0, 0, 0, 0};
        for (int32_t k = 0; k < p->depth; ++k) {
            const int32_t x = *a - p->left_zero_point;
            sums[0] += x * (b[0] - p->right_zero_point);
            sums[1] += x * (b[step] - p->right_zero_point);
            sums[2] += x * (b[2 * step] - p->right_zero_point);
            sums[3] += x * (b[3 * step] - p->right_zero_point);
            a += p->left_depth_stride;
            b += p->right_depth_stride;
        }
        for (int32_t i = 0; i < 4; ++i) {
            output[column + i] = finished(p, sums[i]);
        }
    }
    for (; column < p->columns; ++column) {
        const int8_t *b = right + column * step;
        int32_t sum = 0;
        for (int32_t k = 0; k < p->depth; ++k) {
            sum += (row[k * p->left_depth_stride] - p->left_zero_point) *
                   (b[k * p->right_depth_stride] - p->right_zero_point);
        }
        output[column] = finished(p, sum);
    }
}

void chipcast_batch_matmul_s8(const struct chipcast_batch_matmul_s8_params *p, const int8_t *left,
                              const int8_t *right, int8_t *output)
{
    const int32_t *l = p->left_batch_stride;
    const int32_t *r = p->right_batch_stride;
    for (int32_t i = 0; i < p->batches[0]; ++i) {
        for (int32_t j = 0; j < p->batches[1]; ++j) {
            for (int32_t k = 0; k < p->batches[2]; ++k) {
                const int8_t *a = left + i * l[0] + j * l[1] + k * l[2];
                const int8_t *b = right + i * r[0] + j * r[1] + k * r[2];
                for (int32_t row = 0; row < p->rows; ++row) {
                    multiply_row(p, a + row * p->left_row_stride, b, output);
                    output += p->columns;
                }
            }
        }
    }
}
