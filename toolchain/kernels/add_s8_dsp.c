#include "add_s8_dsp.h"

#include "dsp.h"

/* Four elements, a byte of the words each. Their results are 16.16 fixed-point numbers: the upper halves of
 * two are saturated at once. */
static inline uint32_t add_four(const struct chipcast_add_s8_dsp_params *p, uint32_t x, uint32_t y)
{
    const uint32_t even_x = (x << 8) & 0xFF00FF00u, odd_x = x & 0xFF00FF00u;
    const uint32_t even_y = (y << 8) & 0xFF00FF00u, odd_y = y & 0xFF00FF00u;
    const int32_t m1 = p->multiplier1, m2 = p->multiplier2;
    const int32_t sum0 = chipcast_smlawb(m2, even_y, chipcast_smlawb(m1, even_x, p->offset));
    const int32_t sum1 = chipcast_smlawb(m2, odd_y, chipcast_smlawb(m1, odd_x, p->offset));
    const int32_t sum2 = chipcast_smlawt(m2, even_y, chipcast_smlawt(m1, even_x, p->offset));
    const int32_t sum3 = chipcast_smlawt(m2, odd_y, chipcast_smlawt(m1, odd_x, p->offset));
    const uint32_t even = chipcast_usat16_8(chipcast_pkhtb_asr16((uint32_t)sum2, (uint32_t)sum0));
    const uint32_t odd = chipcast_usat16_8(chipcast_pkhtb_asr16((uint32_t)sum3, (uint32_t)sum1));
    return (even | (odd << 8)) ^ 0x80808080u;
}

void chipcast_add_s8_dsp(const struct chipcast_add_s8_dsp_params *p, const int8_t *input1, const int8_t *input2,
                         int8_t *output)
{
    const struct chipcast_add_s8_dsp_params constants = *p;
    const int8_t *const end = output + (constants.elements & ~7);
    while (output != end) {
        chipcast_store_word(output, add_four(&constants, chipcast_load_word(input1), chipcast_load_word(input2)));
        chipcast_store_word(output + 4,
                            add_four(&constants, chipcast_load_word(input1 + 4), chipcast_load_word(input2 + 4)));
        input1 += 8;
        input2 += 8;
        output += 8;
    }
    for (int32_t i = 0; i < (constants.elements & 7); ++i) {
        output[i] = (int8_t)(add_four(&constants, (uint8_t)input1[i], (uint8_t)input2[i]) & 0xFFu);
    }
}
