#include "fully_connected_sparse_blocks_s8_dsp.h"

#include "byte_pairs_row_dsp.h"

#define UNIT_WORDS 5
#define RUN_TAPS 256

/* Adds the products of `units` units of four inputs, one at least; `*weights` moves on by as many. */
CHIPCAST_INLINE void add_units(struct chipcast_row_sums *s, const uint32_t **weights, const int8_t *x, int32_t units)
{
    const uint32_t *w = *weights;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
/* Offsets are from a unit's last word, which is loaded last and moves on. */
#define TWO_TAPS(first, second, ab, cd)                                                                      \
    "ldrb r8, [%[w], #" first "]\n"                                                                          \
    "ldrb r9, [%[w], #" second "]\n"                                                                         \
    "ldrsb r8, [%[x], r8]\n"                                                                                 \
    "ldrsb r9, [%[x], r9]\n"                                                                                 \
    "ldr r10, [%[w], #" ab "]\n"                                                                             \
    "ldr r11, " cd "\n"                                                                                      \
    "pkhbt r8, r8, r9, lsl #16\n"                                                                            \
    "smlad %[ab], r10, r8, %[ab]\n"                                                                          \
    "sxtb16 r10, r10\n"                                                                                      \
    "smlad %[cd], r11, r8, %[cd]\n"                                                                          \
    "sxtb16 r11, r11\n"                                                                                      \
    "smlad %[a], r10, r8, %[a]\n"                                                                            \
    "smlad %[c], r11, r8, %[c]\n"
    w += UNIT_WORDS - 1;
    __asm__ volatile("lsrs %[n], %[n], #1\n"
                     "bcc 1f\n"
                     "adds %[n], %[n], #1\n"
                     "b 2f\n"
                     "1:\n" TWO_TAPS("-16", "-15", "-12", "[%[w], #-8]") TWO_TAPS("-14", "-13", "-4", "[%[w]], #20")
                     "2:\n" TWO_TAPS("-16", "-15", "-12", "[%[w], #-8]") TWO_TAPS("-14", "-13", "-4", "[%[w]], #20")
                     "subs %[n], %[n], #1\n"
                     "bne 1b\n"
                     : [ab] "+&r"(s->ab), [a] "+&r"(s->a), [cd] "+&r"(s->cd), [c] "+&r"(s->c), [w] "+&r"(w),
                       [n] "+&r"(units)
                     : [x] "r"(x)
                     : "r8", "r9", "r10", "r11", "cc", "memory");
    w -= UNIT_WORDS - 1;
#undef TWO_TAPS
#else
    for (; units > 0; --units, w += UNIT_WORDS) {
        for (int32_t half = 0; half < 2; ++half) {
            const uint32_t indices = w[0] >> (16 * half), ab = w[1 + 2 * half], cd = w[2 + 2 * half];
            const uint32_t taps =
                chipcast_pkhbt_lsl16((uint32_t)x[indices & 0xFFu], (uint32_t)x[(indices >> 8) & 0xFFu]);
            s->ab = (uint32_t)chipcast_smlad(ab, taps, (int32_t)s->ab);
            s->cd = (uint32_t)chipcast_smlad(cd, taps, (int32_t)s->cd);
            s->a = (uint32_t)chipcast_smlad(chipcast_sxtb16(ab), taps, (int32_t)s->a);
            s->c = (uint32_t)chipcast_smlad(chipcast_sxtb16(cd), taps, (int32_t)s->c);
        }
    }
#endif
    *weights = w;
}

void chipcast_fully_connected_sparse_blocks_s8_dsp(
    const struct chipcast_fully_connected_sparse_blocks_s8_dsp_params *p, const int8_t *input, int8_t *output)
{
    const struct chipcast_byte_pairs pairs = {
        (const uint32_t *)p->weights, p->bias,  p->table,   0,         p->output_channels,
        p->any_sign,                  p->shift, p->minimum, p->maximum,
    };
    const uint8_t *counts = p->counts;
    struct chipcast_row_run run = {pairs.weights, pairs.bias, pairs.table, output, pairs.shift};
    for (int32_t left = pairs.channels; left > 0; left -= 4) {
        struct chipcast_row_sums sums = {0, 0, 0, 0};
        const int8_t *x = input;
        for (int32_t runs = p->runs; runs > 0; --runs) {
            const int32_t units = *counts++;
            if (units > 0) {
                add_units(&sums, &run.weights, x, units);
            }
            x += RUN_TAPS;
        }
        chipcast_store_next(&pairs, &run, sums, left);
    }
}
