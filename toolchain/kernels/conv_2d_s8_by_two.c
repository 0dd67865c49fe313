#include "conv_2d_s8_by_two.h"

#include "patch_s8.h"
#include "short_stage.h"

/* The sums of four channels for two pixels, the first pixel's first. */
static inline void add_products(const int8_t *x, const int8_t *y, const int8_t *w, int32_t taps, int32_t *sums)
{
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
#if defined(__thumb2__) && defined(__OPTIMIZE__)
    /* All fourteen registers, which gcc would spill. */
    const int8_t *const fours = x + (taps & ~3), *const end = x + taps;
    int32_t p, q, v;
#define TAP                                                                                                  \
    "ldrsb %[p], [%[x]], #1\n"                                                                               \
    "ldrsb %[q], [%[y]], #1\n"                                                                               \
    "ldrsb %[v], [%[w]], #1\n"                                                                               \
    "mla %[a0], %[v], %[p], %[a0]\n"                                                                         \
    "mla %[b0], %[v], %[q], %[b0]\n"                                                                         \
    "ldrsb %[v], [%[w]], #1\n"                                                                               \
    "mla %[a1], %[v], %[p], %[a1]\n"                                                                         \
    "mla %[b1], %[v], %[q], %[b1]\n"                                                                         \
    "ldrsb %[v], [%[w]], #1\n"                                                                               \
    "mla %[a2], %[v], %[p], %[a2]\n"                                                                         \
    "mla %[b2], %[v], %[q], %[b2]\n"                                                                         \
    "ldrsb %[v], [%[w]], #1\n"                                                                               \
    "mla %[a3], %[v], %[p], %[a3]\n"                                                                         \
    "mla %[b3], %[v], %[q], %[b3]\n"
    __asm__ volatile("ldr %[v], %[fours]\n"
                     "b 2f\n"
                     "1:\n" TAP TAP TAP TAP "ldr %[v], %[fours]\n"
                     "2: cmp %[x], %[v]\n"
                     "bne 1b\n"
                     "ldr %[v], %[end]\n"
                     "b 4f\n"
                     "3:\n" TAP "ldr %[v], %[end]\n"
                     "4: cmp %[x], %[v]\n"
                     "bne 3b\n"
                     : [x] "+r"(x), [y] "+r"(y), [w] "+r"(w), [p] "=&r"(p), [q] "=&r"(q), [v] "=&r"(v),
                       [a0] "+r"(a0), [a1] "+r"(a1), [a2] "+r"(a2), [a3] "+r"(a3), [b0] "+r"(b0), [b1] "+r"(b1),
                       [b2] "+r"(b2), [b3] "+r"(b3)
                     : [fours] "m"(fours), [end] "m"(end)
                     : "cc", "memory");
#else
#define PRODUCTS(tap)                                                                                        \
    do {                                                                                                     \
        const int32_t p = x[tap], q = y[tap];                                                                \
        a0 += w[4 * (tap)] * p;                                                                              \
        b0 += w[4 * (tap)] * q;                                                                              \
        a1 += w[4 * (tap) + 1] * p;                                                                          \
        b1 += w[4 * (tap) + 1] * q;                                                                          \
        a2 += w[4 * (tap) + 2] * p;                                                                          \
        b2 += w[4 * (tap) + 2] * q;                                                                          \
        a3 += w[4 * (tap) + 3] * p;                                                                          \
        b3 += w[4 * (tap) + 3] * q;                                                                          \
        __asm__ volatile("" : : : "memory"); /* gcc would load all, and spill */                             \
    } while (0)
    const int8_t *const end = x + taps;
    for (const int8_t *const fours = x + (taps & ~3); x != fours; x += 4, y += 4, w += 16) {
        PRODUCTS(0);
        PRODUCTS(1);
        PRODUCTS(2);
        PRODUCTS(3);
    }
    for (; x != end; ++x, ++y, w += 4) {
        PRODUCTS(0);
    }
#endif
    sums[0] = a0;
    sums[1] = a1;
    sums[2] = a2;
    sums[3] = a3;
    sums[4] = b0;
    sums[5] = b1;
    sums[6] = b2;
    sums[7] = b3;
}

/* Four channels' outputs for two pixels, of which the second may be the first again. */
static inline void put_saturated(const int32_t *sums, const int32_t *entry, int8_t *output, int8_t *second)
{
    for (int32_t i = 0; i < 4; ++i) {
        const int32_t bias = entry[2 * i], multiplier = entry[2 * i + 1];
        output[i] = chipcast_saturated_output(sums[i], bias, multiplier);
        second[i] = chipcast_saturated_output(sums[4 + i], bias, multiplier);
    }
}

/* All channels of two pixels; `second` is how far the second one's outputs are from the first one's. */
static void convolve_two(const struct chipcast_conv_2d_s8_by_two_params *p, const struct chipcast_short_stage *stage,
                         int32_t taps, const int8_t *x, const int8_t *y, int8_t *output, int32_t second)
{
    const int8_t *w = p->weights;
    int32_t to = 0;
    for (int32_t c = 0; to < p->output_channels; c += 4) {
        int32_t sums[8];
        add_products(x, y, w, taps, sums);
        w += 4 * taps;
        if (stage->kind == CHIPCAST_SATURATED) {
            put_saturated(sums, stage->table + 2 * c, output + to, output + to + second);
        } else {
            chipcast_put_outputs(stage, c, 1, sums, sums + 4, output + to, 1);
            chipcast_put_outputs(stage, c, 1, sums + 4, sums + 8, output + to + second, 1);
        }
        to += to == 0 && (p->output_channels & 3) != 0 ? p->output_channels & 3 : 4;
    }
}

void chipcast_conv_2d_s8_by_two(const struct chipcast_conv_2d_s8_by_two_params *p, const int8_t *input,
                                int8_t *output, int8_t *patch)
{
    const struct chipcast_short_stage stage = {
        p->stage_kind, p->table, p->shift, p->activation_min, p->activation_max,
    };
    const int32_t top = -p->padding_top, left = -p->padding_left;
    struct chipcast_windows windows = {
        input,
        p->input_height,
        p->input_width,
        p->input_channels,
        p->filter_height,
        p->filter_width,
        p->stride_height,
        p->stride_width,
        p->dilation_height,
        p->dilation_width,
        top,
        left,
        top + p->output_height * p->stride_height,
        left + p->output_width * p->stride_width,
        p->input_zero_point,
        top,
        left,
    };
    const int32_t taps = p->filter_height * p->filter_width * p->input_channels;
    for (int32_t left_over = p->batches * p->output_height * p->output_width; left_over > 0; left_over -= 2) {
        const int two = left_over > 1;
        const int8_t *x = input;
        if (p->pointwise) {
            input += 2 * taps;
        } else {
            x = patch;
            chipcast_next_patch(&windows, patch, 0);
            if (two) {
                chipcast_next_patch(&windows, patch + taps, 0);
            }
        }
        convolve_two(p, &stage, taps, x, two ? x + taps : x, output, two ? p->output_channels : 0);
        output += 2 * p->output_channels;
    }
}
