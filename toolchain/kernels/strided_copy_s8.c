#include "strided_copy_s8.h"

static void copy_row(const struct chipcast_strided_copy_s8_params *p, const int8_t *source, int8_t *target)
{
    const int32_t from = p->input_stride[4];
    const int32_t to = p->output_stride[4];
    for (int32_t m = 0; m < p->extent[4]; ++m) {
        target[m * to] = source[m * from];
    }
}

void chipcast_strided_copy_s8(const struct chipcast_strided_copy_s8_params *p, const int8_t *input,
                              int8_t *output)
{
    const int32_t *from = p->input_stride;
    const int32_t *to = p->output_stride;
    for (int32_t i = 0; i < p->extent[0]; ++i) {
        for (int32_t j = 0; j < p->extent[1]; ++j) {
            for (int32_t k = 0; k < p->extent[2]; ++k) {
                const int8_t *source = input + i * from[0] + j * from[1] + k * from[2];
                int8_t *target = output + i * to[0] + j * to[1] + k * to[2];
                for (int32_t l = 0; l < p->extent[3]; ++l) {
                    copy_row(p, source + l * from[3], target + l * to[3]);
                }
            }
        }
    }
}
