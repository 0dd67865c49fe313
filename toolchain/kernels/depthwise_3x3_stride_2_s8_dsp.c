#include "depthwise_3x3_stride_2_s8_dsp.h"

#include "depthwise_3x3_filter_dsp.h"
#include "depthwise_planes_dsp.h"

/* Pairs of output rows, two columns at a time: where they are made from and go to. All words that one LDRD loads
 * stand together. */
struct block {
    struct {
        int32_t multiplier;
        int32_t zero;
    } stage;
    struct {
        int32_t below; /* from an output to the one under it */
        int8_t *output;
    } to;
    struct {
        int32_t across; /* from an output to the next */
        const uint32_t *end; /* of the upper pair of rows, but for what its last window needs */
    } turn;
    int32_t bias;
};

static __attribute__((noinline)) int8_t convolve_one(const struct chipcast_filter_3x3 *f, const struct block *b,
                                                     const uint32_t *upper, const uint32_t *lower)
{
    int32_t sum = b->bias;
    for (int32_t column = 0; column < 3; ++column) {
        sum = chipcast_smlad(upper[column], f->upper[column], sum);
        sum = chipcast_smlabt(lower[column], f->lower[column], sum);
    }
    return chipcast_saturated(sum, b->stage.multiplier, b->stage.zero);
}

/* An even number of columns of two output rows, from three pairs of rows. */
CHIPCAST_PART void convolve_blocks(const struct chipcast_filter_3x3 *f, struct block *b, const uint32_t *upper,
                                   const uint32_t *middle, const uint32_t *lower)
{
#if CHIPCAST_ALL_REGISTERS
    /* All fourteen registers are in use; what is needed once a turn lies in memory. `v` is the filter's last row in
     * columns 0 and 1. */
    uint32_t x0, x1, a0, a1, b0, b1;
    const uint32_t v = chipcast_pkhtb_asr16(f->lower[1], f->lower[0]);
    __asm__ volatile("1:\n"
                     "ldr %[b1], %[bias]\n"
                     "ldrd %[x0], %[x1], [%[u]], #16\n"
                     "smlad %[a0], %[x0], %[u0], %[b1]\n"
                     "smlad %[a0], %[x1], %[u1], %[a0]\n"
                     "ldrd %[x0], %[x1], [%[u], #-8]\n"
                     "smlad %[a0], %[x0], %[u2], %[a0]\n"
                     "smlad %[a1], %[x0], %[u0], %[b1]\n"
                     "smlad %[a1], %[x1], %[u1], %[a1]\n"
                     "ldrd %[x0], %[x1], [%[m]], #16\n"
                     "smlabb %[a0], %[x0], %[v], %[a0]\n"
                     "smlabt %[a0], %[x1], %[v], %[a0]\n"
                     "smlad %[b0], %[x0], %[u0], %[b1]\n"
                     "smlad %[b0], %[x1], %[u1], %[b0]\n"
                     "ldrd %[x0], %[x1], [%[m], #-8]\n"
                     "smlabt %[a0], %[x0], %[v2], %[a0]\n"
                     "smlabb %[a1], %[x0], %[v], %[a1]\n"
                     "smlabt %[a1], %[x1], %[v], %[a1]\n"
                     "smlad %[b0], %[x0], %[u2], %[b0]\n"
                     "smlad %[b1], %[x0], %[u0], %[b1]\n"
                     "smlad %[b1], %[x1], %[u1], %[b1]\n"
                     "ldr %[x0], [%[u]]\n"
                     "ldr %[x1], [%[m]]\n"
                     "smlad %[a1], %[x0], %[u2], %[a1]\n"
                     "smlabt %[a1], %[x1], %[v2], %[a1]\n"
                     "smlad %[b1], %[x1], %[u2], %[b1]\n"
                     "ldrd %[x0], %[x1], [%[l]], #16\n"
                     "smlabb %[b0], %[x0], %[v], %[b0]\n"
                     "smlabt %[b0], %[x1], %[v], %[b0]\n"
                     "ldrd %[x0], %[x1], [%[l], #-8]\n"
                     "smlabt %[b0], %[x0], %[v2], %[b0]\n"
                     "smlabb %[b1], %[x0], %[v], %[b1]\n"
                     "smlabt %[b1], %[x1], %[v], %[b1]\n"
                     "ldr %[x0], [%[l]]\n"
                     "smlabt %[b1], %[x0], %[v2], %[b1]\n"
                     "ldrd %[x0], %[x1], %[stage]\n"
                     "smmla %[a0], %[a0], %[x0], %[x1]\n"
                     "smmla %[a1], %[a1], %[x0], %[x1]\n"
                     "smmla %[b0], %[b0], %[x0], %[x1]\n"
                     "smmla %[b1], %[b1], %[x0], %[x1]\n"
                     "ldrd %[x0], %[x1], %[to]\n"
                     "ssat %[b0], #8, %[b0], asr #" CHIPCAST_TEXT(CHIPCAST_SATURATED_SHIFT) "\n"
                     "ssat %[a0], #8, %[a0], asr #" CHIPCAST_TEXT(CHIPCAST_SATURATED_SHIFT) "\n"
                     "ssat %[b1], #8, %[b1], asr #" CHIPCAST_TEXT(CHIPCAST_SATURATED_SHIFT) "\n"
                     "ssat %[a1], #8, %[a1], asr #" CHIPCAST_TEXT(CHIPCAST_SATURATED_SHIFT) "\n"
                     "strb %[b0], [%[x1], %[x0]]\n"
                     "strb %[a0], [%[x1]]\n"
                     "ldrd %[a0], %[b0], %[turn]\n"
                     "add %[x1], %[x1], %[a0]\n"
                     "strb %[b1], [%[x1], %[x0]]\n"
                     "strb %[a1], [%[x1]]\n"
                     "add %[x1], %[x1], %[a0]\n"
                     "str %[x1], %[output]\n"
                     "cmp %[u], %[b0]\n"
                     "bne 1b\n"
                     : [u] "+r"(upper), [m] "+r"(middle), [l] "+r"(lower), [x0] "=&r"(x0), [x1] "=&r"(x1),
                       [a0] "=&r"(a0), [a1] "=&r"(a1), [b0] "=&r"(b0), [b1] "=&r"(b1), [to] "+m"(b->to),
                       [output] "+m"(b->to.output)
                     : [u0] "r"(f->upper[0]), [u1] "r"(f->upper[1]), [u2] "r"(f->upper[2]), [v] "r"(v),
                       [v2] "r"(f->lower[2]), [bias] "m"(b->bias), [stage] "m"(b->stage), [turn] "m"(b->turn)
                     : "cc", "memory");
#else
    for (; upper != b->turn.end; upper += 2, middle += 2, lower += 2) {
        /* Where there is no row below, the first comes last and stays. */
        b->to.output[b->to.below] = convolve_one(f, b, middle, lower);
        *b->to.output = convolve_one(f, b, upper, middle);
        b->to.output += b->turn.across;
    }
#endif
}

/* One channel of one image, out of its plane. */
CHIPCAST_PART void convolve_plane(const struct chipcast_depthwise_3x3_stride_2_s8_dsp_params *p, struct block *b,
                                  int32_t channel, const uint32_t *plane, int8_t *output)
{
    const struct chipcast_filter_3x3 f = chipcast_read_filter_3x3(p->weights + 12 * channel);
    const int32_t columns = 2 * p->output_width + 1, even = p->output_width & ~1, row = p->output_width * p->channels;
    b->bias = p->bias[channel];
    b->stage.multiplier = p->multiplier[channel];
    b->to.below = row;
    for (int32_t rows = p->output_height; rows > 0; rows -= 2) {
        const uint32_t *const middle = plane + columns, *lower = middle + columns;
        if (rows == 1) {
            b->to.below = 0;
            lower = middle;
        }
        b->to.output = output;
        b->turn.end = plane + 2 * even;
        if (even > 0) {
            convolve_blocks(&f, b, plane, middle, lower);
        }
        if (even < p->output_width) {
            int8_t *const to = output + even * p->channels;
            if (rows > 1) {
                to[row] = convolve_one(&f, b, middle + 2 * even, lower + 2 * even);
            }
            *to = convolve_one(&f, b, plane + 2 * even, middle + 2 * even);
        }
        plane = lower;
        output += 2 * row;
    }
}

void chipcast_depthwise_3x3_stride_2_s8_dsp(const struct chipcast_depthwise_3x3_stride_2_s8_dsp_params *p,
                                            const int8_t *input, int8_t *output, uint32_t *scratch)
{
    struct chipcast_planes planes = {
        p->input_height,     p->input_width,       p->channels,             p->padding_top, p->padding_left,
        p->input_zero_point, p->output_height + 1, 2 * p->output_width + 1, 0,
    };
    const int32_t size = planes.pairs * planes.columns;
    struct block b = {{0, p->zero}, {0, output}, {p->channels, scratch}, 0};
    chipcast_pad_planes(&planes, scratch, p->planes);
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t channel = 0; channel < p->channels;) {
            const uint32_t *plane = scratch;
            const int32_t end = channel + chipcast_fill_planes(&planes, p->planes, channel, input, scratch);
            for (; channel < end; ++channel, plane += size) {
                convolve_plane(p, &b, channel, plane, output + channel);
            }
        }
        input += p->input_height * p->input_width * p->channels;
        output += p->output_height * p->output_width * p->channels;
    }
}
