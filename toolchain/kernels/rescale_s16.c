#include "rescale_s16.h"

#include "requantise_s16.h"

void chipcast_rescale_s16(const struct chipcast_rescale_s16_params *p, const int16_t *input, int16_t *output)
{
    for (int32_t i = 0; i < p->elements; ++i) {
        const int32_t scaled = chipcast_requantise(input[i], p->multiplier, p->shift);
        output[i] = chipcast_clamp_s16(scaled, p->minimum, p->maximum);
    }
}
