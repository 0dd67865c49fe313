#include "depthwise_3x3_stride_2_s8_dsp.h"

#include "depthwise_3x3_filter_dsp.h"
#include "depthwise_planes_dsp.h"

/* What the outputs of a channel are made with. Words that one LDRD loads stand together. */
struct stage {
    struct {
        int32_t multiplier;
        int32_t zero;
    } scale;
    struct {
        int32_t across; /* from an output to the next */
        const uint32_t *end; /* of the upper pair of rows, but for what its last window needs */
    } turn;
    int32_t bias;
};

CHIPCAST_PART int8_t convolve_one(const struct chipcast_filter_3x3 *f, const struct stage *s, const uint32_t *upper,
                           const uint32_t *lower)
{
    int32_t sum = s->bias;
    for (int32_t column = 0; column < 3; ++column) {
        sum = chipcast_smlad(upper[column], f->upper[column], sum);
        sum = chipcast_smlabt(lower[column], f->lower[column], sum);
    }
    return chipcast_saturated(sum, s->scale.multiplier, s->scale.zero);
}

/* An even number of outputs of a row, two at a time; where the next one goes. */
CHIPCAST_PART int8_t *convolve_pairs(const struct chipcast_filter_3x3 *f, const struct stage *s, const uint32_t *upper,
                              const uint32_t *lower, int8_t *output)
{
#if CHIPCAST_ALL_REGISTERS
    /* All fourteen registers are in use; what is needed once a turn lies in memory. */
    uint32_t x0, x1, a, b;
    __asm__ volatile("1:\n"
                     "ldr %[b], %[bias]\n"
                     "ldrd %[x0], %[x1], [%[u]], #16\n"
                     "smlad %[a], %[x0], %[u0], %[b]\n"
                     "smlad %[a], %[x1], %[u1], %[a]\n"
                     "ldrd %[x0], %[x1], [%[u], #-8]\n"
                     "smlad %[a], %[x0], %[u2], %[a]\n"
                     "smlad %[b], %[x0], %[u0], %[b]\n"
                     "smlad %[b], %[x1], %[u1], %[b]\n"
                     "ldr %[x0], [%[u]]\n"
                     "ldr %[x1], [%[l], #16]\n"
                     "smlad %[b], %[x0], %[u2], %[b]\n"
                     "smlabt %[b], %[x1], %[l2], %[b]\n"
                     "ldrd %[x0], %[x1], [%[l]], #16\n"
                     "smlabt %[a], %[x0], %[l0], %[a]\n"
                     "smlabt %[a], %[x1], %[l1], %[a]\n"
                     "ldrd %[x0], %[x1], [%[l], #-8]\n"
                     "smlabt %[a], %[x0], %[l2], %[a]\n"
                     "smlabt %[b], %[x0], %[l0], %[b]\n"
                     "smlabt %[b], %[x1], %[l1], %[b]\n"
                     "ldrd %[x0], %[x1], %[scale]\n"
                     "smmla %[a], %[a], %[x0], %[x1]\n"
                     "smmla %[b], %[b], %[x0], %[x1]\n"
                     "ldrd %[x0], %[x1], %[turn]\n"
                     "ssat %[a], #8, %[a], asr #" CHIPCAST_TEXT(CHIPCAST_SATURATED_SHIFT) "\n"
                     "ssat %[b], #8, %[b], asr #" CHIPCAST_TEXT(CHIPCAST_SATURATED_SHIFT) "\n"
                     "strb %[a], [%[o]]\n"
                     "strb %[b], [%[o], %[x0]]\n"
                     "add %[o], %[o], %[x0], lsl #1\n"
                     "cmp %[u], %[x1]\n"
                     "bne 1b\n"
                     : [u] "+r"(upper), [l] "+r"(lower), [o] "+r"(output), [x0] "=&r"(x0), [x1] "=&r"(x1),
                       [a] "=&r"(a), [b] "=&r"(b)
                     : [u0] "r"(f->upper[0]), [u1] "r"(f->upper[1]), [u2] "r"(f->upper[2]),
                       [l0] "r"(f->lower[0]), [l1] "r"(f->lower[1]), [l2] "r"(f->lower[2]), [bias] "m"(s->bias),
                       [scale] "m"(s->scale), [turn] "m"(s->turn)
                     : "cc", "memory");
#else
    for (; upper != s->turn.end; upper += 2, lower += 2) {
        *output = convolve_one(f, s, upper, lower);
        output += s->turn.across;
    }
#endif
    return output;
}

/* One channel of one image, out of its plane. */
CHIPCAST_PART void convolve_plane(const struct chipcast_depthwise_3x3_stride_2_s8_dsp_params *p, struct stage *s,
                           int32_t channel, const uint32_t *plane, int8_t *output)
{
    const struct chipcast_filter_3x3 f = chipcast_read_filter_3x3(p->weights + 12 * channel);
    const int32_t columns = 2 * p->output_width + 1;
    s->bias = p->bias[channel];
    s->scale.multiplier = p->multiplier[channel];
    for (int32_t y = p->output_height; y > 0; --y) {
        const uint32_t *const lower = plane + columns;
        if (p->output_width > 1) {
            s->turn.end = plane + 2 * (p->output_width & ~1);
            output = convolve_pairs(&f, s, plane, lower, output);
        }
        if ((p->output_width & 1) != 0) {
            *output = convolve_one(&f, s, lower - 3, lower + columns - 3);
            output += p->channels;
        }
        plane = lower;
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
    struct stage s = {{0, p->zero}, {p->channels, scratch}, 0};
    chipcast_pad_planes(&planes, scratch, p->planes);
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t channel = 0; channel < p->channels;) {
            const uint32_t *plane = scratch;
            const int32_t end = channel + chipcast_fill_planes(&planes, p->planes, channel, input, scratch);
            for (; channel < end; ++channel, plane += size) {
                convolve_plane(p, &s, channel, plane, output + channel);
            }
        }
        input += p->input_height * p->input_width * p->channels;
        output += p->output_height * p->output_width * p->channels;
    }
}
