#include "fully_connected_s16.h"

#include "dot_product_s16.h"

void chipcast_fully_connected_s16(const struct chipcast_fully_connected_s16_params *p, const int16_t *input,
                                  int16_t *output)
{
    const struct chipcast_output_stage_s16 stage = {
        p->multiplier,       p->shift,          p->requantise_step,
        p->accumulator_bits, p->activation_min, p->activation_max,
    };
    for (int32_t row = 0; row < p->rows; ++row) {
        const int8_t *weights = p->weights;
        for (int32_t channel = 0; channel < p->output_channels; ++channel) {
            const int64_t sum = p->bias[channel] + chipcast_dot_product_s16(weights, input, p->input_channels);
            *output++ = chipcast_output_s16(&stage, channel, sum);
            weights += p->input_channels;
        }
        input += p->input_channels;
    }
}
