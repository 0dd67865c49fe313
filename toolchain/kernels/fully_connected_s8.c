#include "fully_connected_s8.h"

#include "dot_product.h"

void chipcast_fully_connected_s8(const struct chipcast_fully_connected_s8_params *p, const int8_t *input,
                                 int8_t *output)
{
    const struct chipcast_output_stage stage = {
        p->multiplier,     p->shift,          p->requantise_step,
        p->output_zero_point, p->activation_min, p->activation_max,
    };
    for (int32_t row = 0; row < p->rows; ++row) {
        chipcast_rows_times_vector(p->weights, p->bias, input, p->input_channels, p->output_channels, stage,
                                   output);
        input += p->input_channels;
        output += p->output_channels;
    }
}
