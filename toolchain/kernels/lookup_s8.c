#include "lookup_s8.h"

void chipcast_lookup_s8(const struct chipcast_lookup_s8_params *p, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < p->elements; ++i) {
        output[i] = p->table[input[i] + 128];
    }
}
