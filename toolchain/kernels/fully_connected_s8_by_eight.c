#include "fully_connected_s8_by_eight.h"

#include "short_stage.h"

static inline const int8_t *add_products(const int8_t *x, const int8_t *w, int32_t inputs, int32_t *sums)
{
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0, a7 = 0;
    const int8_t *const end = x + inputs;
#if defined(__thumb2__) && defined(__OPTIMIZE__)
    /* Eight sums, which gcc would spill. */
    const int8_t *const twos = x + (inputs & ~1);
    int32_t p, v;
#define PRODUCT(sum) "ldrsb %[v], [%[w]], #1\n" "mla %[" #sum "], %[v], %[p], %[" #sum "]\n"
#define TAP                                                                                                  \
    "ldrsb %[p], [%[x]], #1\n" PRODUCT(a0) PRODUCT(a1) PRODUCT(a2) PRODUCT(a3) PRODUCT(a4) PRODUCT(a5)       \
        PRODUCT(a6) PRODUCT(a7)
    __asm__ volatile("b 2f\n"
                     "1:\n" TAP TAP
                     "2: cmp %[x], %[twos]\n"
                     "bne 1b\n"
                     "ldr %[v], %[end]\n"
                     "cmp %[x], %[v]\n"
                     "beq 3f\n" TAP "3:\n"
                     : [x] "+r"(x), [w] "+r"(w), [p] "=&r"(p), [v] "=&r"(v), [a0] "+r"(a0), [a1] "+r"(a1),
                       [a2] "+r"(a2), [a3] "+r"(a3), [a4] "+r"(a4), [a5] "+r"(a5), [a6] "+r"(a6), [a7] "+r"(a7)
                     : [twos] "r"(twos), [end] "m"(end)
                     : "cc", "memory");
#else
#define PRODUCTS(tap)                                                                                        \
    do {                                                                                                     \
        const int32_t p = x[tap];                                                                            \
        a0 += w[8 * (tap)] * p;                                                                              \
        a1 += w[8 * (tap) + 1] * p;                                                                          \
        a2 += w[8 * (tap) + 2] * p;                                                                          \
        a3 += w[8 * (tap) + 3] * p;                                                                          \
        a4 += w[8 * (tap) + 4] * p;                                                                          \
        a5 += w[8 * (tap) + 5] * p;                                                                          \
        a6 += w[8 * (tap) + 6] * p;                                                                          \
        a7 += w[8 * (tap) + 7] * p;                                                                          \
        __asm__ volatile("" : : : "memory"); /* gcc would load all, and spill */                             \
    } while (0)
    for (const int8_t *const fours = x + (inputs & ~3); x != fours; x += 4, w += 32) {
        PRODUCTS(0);
        PRODUCTS(1);
        PRODUCTS(2);
        PRODUCTS(3);
    }
    for (; x != end; ++x, w += 8) {
        PRODUCTS(0);
    }
#endif
    sums[0] = a0;
    sums[1] = a1;
    sums[2] = a2;
    sums[3] = a3;
    sums[4] = a4;
    sums[5] = a5;
    sums[6] = a6;
    sums[7] = a7;
    return w;
}

void chipcast_fully_connected_s8_by_eight(const struct chipcast_fully_connected_s8_by_eight_params *p,
                                          const int8_t *input, int8_t *output)
{
    const struct chipcast_short_stage stage = {
        p->stage_kind, p->table, p->shift, p->activation_min, p->activation_max,
    };
    const int32_t rest = p->output_channels & 7;
    const int8_t *w = p->weights;
    int32_t to = 0;
    for (int32_t c = 0; to < p->output_channels; c += 8) {
        int32_t sums[8];
        w = add_products(input, w, p->input_channels, sums);
        chipcast_put_outputs(&stage, c, 1, sums, sums + 8, output + to, 1);
        to += to == 0 && rest != 0 ? rest : 8;
    }
}
