#include "gather_s8.h"

#include <string.h>

static int32_t position(const struct chipcast_gather_s8_params *p, const unsigned char *bytes, int32_t i)
{
    int32_t value;
    memcpy(&value, bytes + i * (int32_t)sizeof value, sizeof value);
    if (value < 0) {
        return 0;
    }
    return value < p->extent ? value : p->extent - 1;
}

void chipcast_gather_s8(const struct chipcast_gather_s8_params *p, const int8_t *input, const void *positions,
                        int8_t *output)
{
    const unsigned char *bytes = positions;
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t i = 0; i < p->outer; ++i) {
            for (int32_t j = 0; j < p->positions; ++j) {
                const int32_t slice = position(p, bytes, batch * p->positions + j);
                memcpy(output, input + slice * p->run, (size_t)p->run);
                output += p->run;
            }
            input += p->extent * p->run;
        }
    }
}
