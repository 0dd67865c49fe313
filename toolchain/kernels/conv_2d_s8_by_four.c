#include "conv_2d_s8_by_four.h"

#include "patch_s8.h"
#include "short_stage.h"

/* The sums of four channels for one pixel, from `start` on. */
static inline void add_products(const uint8_t *x, const uint8_t *w, int32_t taps, int32_t start, int32_t *sums)
{
    int32_t a0 = start, a1 = start, a2 = start, a3 = start;
#if defined(__thumb__) && !defined(__thumb2__) && defined(__OPTIMIZE__)
    /* All eight low registers, which gcc would spill. */
    const uint8_t *const eights = x + (taps & ~7), *const end = x + taps;
    int32_t p, v;
#define TAP(n, w0, w1, w2, w3)                                                                               \
    "ldrb %[p], [%[x], #" #n "]\n"                                                                           \
    "ldrb %[v], [%[w], #" #w0 "]\n"                                                                          \
    "muls %[v], %[p]\n"                                                                                      \
    "adds %[a0], %[a0], %[v]\n"                                                                              \
    "ldrb %[v], [%[w], #" #w1 "]\n"                                                                          \
    "muls %[v], %[p]\n"                                                                                      \
    "adds %[a1], %[a1], %[v]\n"                                                                              \
    "ldrb %[v], [%[w], #" #w2 "]\n"                                                                          \
    "muls %[v], %[p]\n"                                                                                      \
    "adds %[a2], %[a2], %[v]\n"                                                                              \
    "ldrb %[v], [%[w], #" #w3 "]\n"                                                                          \
    "muls %[p], %[v]\n"                                                                                      \
    "adds %[a3], %[a3], %[p]\n"
    __asm__ volatile(".syntax unified\n"
                     "b 2f\n"
                     "1:\n" TAP(0, 0, 1, 2, 3) TAP(1, 4, 5, 6, 7) TAP(2, 8, 9, 10, 11) TAP(3, 12, 13, 14, 15)
                     TAP(4, 16, 17, 18, 19) TAP(5, 20, 21, 22, 23) TAP(6, 24, 25, 26, 27) TAP(7, 28, 29, 30, 31)
                     "adds %[x], #8\n"
                     "adds %[w], #32\n"
                     "2: cmp %[x], %[eights]\n"
                     "bne 1b\n"
                     "b 4f\n"
                     "3:\n" TAP(0, 0, 1, 2, 3)
                     "adds %[x], #1\n"
                     "adds %[w], #4\n"
                     "4: cmp %[x], %[end]\n"
                     "bne 3b\n"
                     : [x] "+l"(x), [w] "+l"(w), [p] "=&l"(p), [v] "=&l"(v), [a0] "+l"(a0), [a1] "+l"(a1),
                       [a2] "+l"(a2), [a3] "+l"(a3)
                     : [eights] "h"(eights), [end] "h"(end)
                     : "cc", "memory");
#else
    for (const uint8_t *const end = x + taps; x != end; ++x, w += 4) {
        const int32_t p = *x;
        a0 += w[0] * p;
        a1 += w[1] * p;
        a2 += w[2] * p;
        a3 += w[3] * p;
    }
#endif
    sums[0] = a0;
    sums[1] = a1;
    sums[2] = a2;
    sums[3] = a3;
}

/* All channels of one pixel, whose values add up to `total`: weights plus 128 make 128 times that too much. */
static void convolve(const struct chipcast_conv_2d_s8_by_four_params *p, const struct chipcast_short_stage *stage,
                     int32_t taps, const uint8_t *x, int32_t total, int8_t *output)
{
    const uint8_t *w = p->weights;
    int32_t to = 0;
    for (int32_t c = 0; to < p->output_channels; c += 4) {
        int32_t sums[4];
        add_products(x, w, taps, -128 * total, sums);
        w += 4 * taps;
        if (stage->kind == CHIPCAST_SPLIT) {
            chipcast_put_split(sums, sums + 4, stage->table + 2 * c, stage->shift + c, 1, output + to, 1);
        } else {
            chipcast_put_outputs(stage, c, 1, sums, sums + 4, output + to, 1);
        }
        to += to == 0 && (p->output_channels & 3) != 0 ? p->output_channels & 3 : 4;
    }
}

void chipcast_conv_2d_s8_by_four(const struct chipcast_conv_2d_s8_by_four_params *p, const int8_t *input,
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
    for (int32_t pixels = p->batches * p->output_height * p->output_width; pixels > 0; --pixels) {
        const int32_t total = chipcast_next_patch(&windows, patch, 0x80);
        convolve(p, &stage, taps, (const uint8_t *)patch, total, output);
        output += p->output_channels;
    }
}
