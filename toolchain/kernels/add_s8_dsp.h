/* Element-wise sum or difference of two int8 tensors of the same shape, on cores with DSP. */
#ifndef CHIPCAST_ADD_S8_DSP_H
#define CHIPCAST_ADD_S8_DSP_H

#include <stdint.h>

/* output + 128 = USAT8((offset + (256 * input1 * multiplier1 >> 16) + (256 * input2 * multiplier2 >> 16)) >> 16):
 * toolchain/compile/added_form.py finds the constants, right for every pair of inputs. */
struct chipcast_add_s8_dsp_params {
    int32_t elements;
    int32_t offset;
    int32_t multiplier1;
    int32_t multiplier2;
};

/* output may be one of the inputs. */
void chipcast_add_s8_dsp(const struct chipcast_add_s8_dsp_params *p, const int8_t *input1, const int8_t *input2,
                         int8_t *output);

#endif
