#include "fully_connected_sparse_s8_dsp.h"

#include "sparse_stage_dsp.h"

#define RUN_TAPS 256

/* Adds the products of `pairs` of weights, one at least; `*weights` moves on to where they end. */
static inline int32_t add_pairs(int32_t sum, const int8_t **weights, const int8_t *x, int32_t pairs)
{
    const int8_t *entry = *weights;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    /* Loads one right after another take a cycle each, which gcc's own order does not keep. */
#define TWO_WEIGHTS(index, weight, more_index, more_weight)                                                  \
    "ldrb r8, [%[entry], #" index "]\n"                                                                      \
    "ldrb r9, [%[entry], #" more_index "]\n"                                                                 \
    "ldrsb r8, [%[x], r8]\n"                                                                                 \
    "ldrsb r9, [%[x], r9]\n"                                                                                 \
    "ldrsb r10, [%[entry], #" weight "]\n"                                                                   \
    "ldrsb r11, [%[entry], #" more_weight "]\n"                                                              \
    "mla %[sum], r8, r10, %[sum]\n"                                                                          \
    "mla %[sum], r9, r11, %[sum]\n"
    __asm__ volatile("lsrs %[pairs], %[pairs], #1\n"
                     "bcc 1f\n"
                     "adds %[pairs], %[pairs], #1\n"
                     "subs %[entry], %[entry], #4\n"
                     "b 2f\n"
                     "1:\n" TWO_WEIGHTS("0", "1", "2", "3") "2:\n" TWO_WEIGHTS("4", "5", "6", "7")
                     "adds %[entry], %[entry], #8\n"
                     "subs %[pairs], %[pairs], #1\n"
                     "bne 1b\n"
                     : [sum] "+&r"(sum), [entry] "+&r"(entry), [pairs] "+&r"(pairs)
                     : [x] "r"(x)
                     : "r8", "r9", "r10", "r11", "cc", "memory");
#undef TWO_WEIGHTS
#else
    for (int32_t left = 2 * pairs; left > 0; --left, entry += 2) {
        sum += x[(uint8_t)entry[0]] * entry[1];
    }
#endif
    *weights = entry;
    return sum;
}

void chipcast_fully_connected_sparse_s8_dsp(const struct chipcast_fully_connected_sparse_s8_dsp_params *p,
                                            const int8_t *input, int8_t *output)
{
    const int32_t *bias = p->bias, *table = p->table;
    const int8_t *entry = p->weights;
    const uint8_t *counts = p->counts;
    for (const int8_t *const end = output + p->output_channels; output != end; ++output) {
        int32_t sum = 0;
        const int8_t *x = input;
        for (int32_t runs = p->runs; runs > 0; --runs) {
            const int32_t pairs = *counts++;
            if (pairs > 0) {
                sum = add_pairs(sum, &entry, x, pairs);
            }
            x += RUN_TAPS;
        }
        struct chipcast_sparse_channel channel = {*bias++, *table++, 0, p->shift};
        if (p->any_sign) {
            channel.rounding = *table++;
            channel.shift = *table++;
            *output = (int8_t)(chipcast_sparse_any_sign(channel, sum, p->minimum + 128, p->maximum + 128) - 128);
        } else {
            *output = (int8_t)(chipcast_sparse_rectified(channel, sum) - 128);
        }
    }
}
