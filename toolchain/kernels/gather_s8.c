#include "gather_s8.h"

#include <string.h>

void chipcast_gather_s8(const struct chipcast_gather_s8_params *p, const int8_t *input, const void *positions,
                        int8_t *output)
{
    const unsigned char *next = positions;
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t i = 0; i < p->outer; ++i) {
            for (int32_t j = 0; j < p->positions; ++j) {
                int32_t position;
                memcpy(&position, next + j * (int32_t)sizeof position, sizeof position);
                memcpy(output, input + position * p->run, (size_t)p->run);
                output += p->run;
            }
            input += p->extent * p->run;
        }
        next += p->positions * (int32_t)sizeof(int32_t);
    }
}
