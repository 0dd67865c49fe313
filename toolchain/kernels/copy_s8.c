#include "copy_s8.h"

#include <string.h>

void chipcast_copy_s8(const struct chipcast_copy_s8_params *p, const int8_t *input, int8_t *output)
{
    const int32_t *from = p->input_stride;
    const int32_t *to = p->output_stride;
    for (int32_t i = 0; i < p->extent[0]; ++i) {
        for (int32_t j = 0; j < p->extent[1]; ++j) {
            for (int32_t k = 0; k < p->extent[2]; ++k) {
                const int8_t *source = input + i * from[0] + j * from[1] + k * from[2];
                int8_t *target = output + i * to[0] + j * to[1] + k * to[2];
                for (int32_t l = 0; l < p->extent[3]; ++l) {
                    memcpy(target + l * to[3], source + l * from[3], (size_t)p->run);
                }
            }
        }
    }
}
