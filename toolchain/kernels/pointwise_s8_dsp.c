#include "pointwise_s8_dsp.h"

#include "byte_pairs_dsp.h"

/* Two rows at once, which need not be of whole groups; `second` may be the first again. */
static void widen_rows(uint32_t *pixels, const int8_t *first, const int8_t *second, int32_t channels)
{
    for (; channels >= 4; channels -= 4) {
        const uint32_t word0 = chipcast_load_word(first), word1 = chipcast_load_word(second);
        pixels[0] = chipcast_sxtb16(word0);
        pixels[1] = chipcast_sxtb16(word1);
        pixels[2] = chipcast_sxtb16_ror8(word0);
        pixels[3] = chipcast_sxtb16_ror8(word1);
        pixels += 4;
        first += 4;
        second += 4;
    }
    if (channels > 0) {
        uint32_t words[2] = {0, 0};
        memcpy(&words[0], first, (size_t)channels);
        memcpy(&words[1], second, (size_t)channels);
        pixels[0] = chipcast_sxtb16(words[0]);
        pixels[1] = chipcast_sxtb16(words[1]);
        pixels[2] = chipcast_sxtb16_ror8(words[0]);
        pixels[3] = chipcast_sxtb16_ror8(words[1]);
    }
}

void chipcast_pointwise_s8_dsp(const struct chipcast_pointwise_s8_dsp_params *p, const int8_t *input, int8_t *output,
                               uint32_t *pixels)
{
    const struct chipcast_byte_pairs pairs = {
        (const uint32_t *)p->weights, p->bias,     p->table, p->groups,  p->output_channels,
        p->any_sign,                  p->shift, p->minimum, p->maximum,
    };
    int32_t rows = p->rows;
    for (; rows >= 2; rows -= 2) {
        widen_rows(pixels, input, input + p->input_channels, p->input_channels);
        chipcast_convolve_pair(&pairs, pixels, output, p->output_channels);
        input += 2 * p->input_channels;
        output += 2 * p->output_channels;
    }
    if (rows > 0) {
        /* The last one of an odd number, twice: both land in the same place, and are the same. */
        widen_rows(pixels, input, input, p->input_channels);
        chipcast_convolve_pair(&pairs, pixels, output, 0);
    }
}
