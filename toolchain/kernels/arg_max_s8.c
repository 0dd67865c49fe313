#include "arg_max_s8.h"

#include <string.h>

static int32_t index_of_largest(const int8_t *values, int32_t stride, int32_t count)
{
    int32_t index = 0;
    int8_t largest = values[0];
    for (int32_t i = 1; i < count; ++i) {
        if (values[i * stride] > largest) {
            largest = values[i * stride];
            index = i;
        }
    }
    return index;
}

void chipcast_arg_max_s8(const struct chipcast_arg_max_s8_params *p, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        for (int32_t j = 0; j < p->inner; ++j) {
            const int32_t index = index_of_largest(input + j, p->inner, p->extent);
            memcpy(output, &index, sizeof index);
            output += sizeof index;
        }
        input += p->extent * p->inner;
    }
}
