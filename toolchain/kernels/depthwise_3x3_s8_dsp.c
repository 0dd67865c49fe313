#include "depthwise_3x3_s8_dsp.h"

#include "depthwise_3x3_filter_dsp.h"
#include "depthwise_planes_dsp.h"

/* Pairs of output rows, two columns at a time: where they are made from and go to. All words that one LDRD
 * loads stand together. */
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
    struct {
        int32_t skip; /* bytes from there to the next pair of rows */
        int32_t run;  /* bytes from a pair of rows to its end */
    } words;
    struct {
        int32_t down; /* from behind a row's last output to the row after the next */
        const uint32_t *last; /* where the lower pair of rows is when all is done */
    } rows;
    int32_t bias;
};

/* One column of two output rows. */
CHIPCAST_PART void convolve_column(const struct chipcast_filter_3x3 *f, const struct block *b, const uint32_t *upper,
                            const uint32_t *lower, int8_t *output)
{
    int32_t first = b->bias, second = b->bias;
    for (int32_t column = 0; column < 3; ++column) {
        first = chipcast_smlad(upper[column], f->upper[column], first);
        second = chipcast_smlatb(upper[column], f->upper[column], second);
        first = chipcast_smlabt(lower[column], f->lower[column], first);
        second = chipcast_smlad(lower[column], f->lower[column], second);
    }
    /* Where there is no row below, the first comes last and stays. */
    output[b->to.below] = chipcast_saturated(second, b->stage.multiplier, b->stage.zero);
    *output = chipcast_saturated(first, b->stage.multiplier, b->stage.zero);
}

/* Rows by two and columns by two, from the pair of rows at `upper`. */
CHIPCAST_PART void convolve_blocks(const struct chipcast_filter_3x3 *f, struct block *b, const uint32_t *upper,
                            const uint32_t *lower)
{
#if CHIPCAST_ALL_REGISTERS
    /* All fourteen registers are in use; what is needed once a turn or once a row lies in memory. */
    uint32_t x0, x1, a0, a1, b0, b1;
    __asm__ volatile("1:\n"
                     "ldrd %[x0], %[x1], [%[u]], #8\n"
                     "ldr %[b1], %[bias]\n"
                     "smlad %[a0], %[x0], %[u0], %[b1]\n"
                     "smlad %[a1], %[x1], %[u0], %[b1]\n"
                     "smlatb %[b0], %[x0], %[u0], %[b1]\n"
                     "smlatb %[b1], %[x1], %[u0], %[b1]\n"
                     "smlad %[a0], %[x1], %[u1], %[a0]\n"
                     "smlatb %[b0], %[x1], %[u1], %[b0]\n"
                     "ldrd %[x0], %[x1], [%[u]]\n"
                     "smlad %[a0], %[x0], %[u2], %[a0]\n"
                     "smlad %[a1], %[x0], %[u1], %[a1]\n"
                     "smlad %[a1], %[x1], %[u2], %[a1]\n"
                     "smlatb %[b0], %[x0], %[u2], %[b0]\n"
                     "smlatb %[b1], %[x0], %[u1], %[b1]\n"
                     "smlatb %[b1], %[x1], %[u2], %[b1]\n"
                     "ldrd %[x0], %[x1], [%[l]], #8\n"
                     "smlabt %[a0], %[x0], %[l0], %[a0]\n"
                     "smlabt %[a0], %[x1], %[l1], %[a0]\n"
                     "smlabt %[a1], %[x1], %[l0], %[a1]\n"
                     "smlad %[b0], %[x0], %[l0], %[b0]\n"
                     "smlad %[b0], %[x1], %[l1], %[b0]\n"
                     "smlad %[b1], %[x1], %[l0], %[b1]\n"
                     "ldrd %[x0], %[x1], [%[l]]\n"
                     "smlabt %[a0], %[x0], %[l2], %[a0]\n"
                     "smlabt %[a1], %[x0], %[l1], %[a1]\n"
                     "smlabt %[a1], %[x1], %[l2], %[a1]\n"
                     "smlad %[b0], %[x0], %[l2], %[b0]\n"
                     "smlad %[b1], %[x0], %[l1], %[b1]\n"
                     "smlad %[b1], %[x1], %[l2], %[b1]\n"
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
                     "ldrd %[a0], %[a1], %[words]\n"
                     "ldrd %[b0], %[b1], %[rows]\n"
                     "add %[u], %[u], %[a0]\n"
                     "add %[l], %[l], %[a0]\n"
                     "add %[x1], %[x1], %[b0]\n"
                     "str %[x1], %[output]\n"
                     "add %[a1], %[u], %[a1]\n"
                     "str %[a1], %[end]\n"
                     "cmp %[l], %[b1]\n"
                     "bne 1b\n"
                     : [u] "+r"(upper), [l] "+r"(lower), [x0] "=&r"(x0), [x1] "=&r"(x1), [a0] "=&r"(a0),
                       [a1] "=&r"(a1), [b0] "=&r"(b0), [b1] "=&r"(b1), [to] "+m"(b->to),
                       [output] "+m"(b->to.output), [turn] "+m"(b->turn), [end] "+m"(b->turn.end)
                     : [u0] "r"(f->upper[0]), [u1] "r"(f->upper[1]), [u2] "r"(f->upper[2]),
                       [l0] "r"(f->lower[0]), [l1] "r"(f->lower[1]), [l2] "r"(f->lower[2]), [bias] "m"(b->bias),
                       [stage] "m"(b->stage), [words] "m"(b->words), [rows] "m"(b->rows)
                     : "cc", "memory");
#else
    const int32_t skip = b->words.skip / 4, run = b->words.run / 4;
    do {
        do {
            convolve_column(f, b, upper++, lower++, b->to.output);
            b->to.output += b->turn.across;
        } while (upper != b->turn.end);
        upper += skip;
        lower += skip;
        b->turn.end = upper + run;
        b->to.output += b->rows.down;
    } while (lower != b->rows.last);
#endif
}

/* The constants of all channels. */
static struct block block_of(const struct chipcast_depthwise_3x3_s8_dsp_params *p)
{
    const int32_t even = p->output_width & ~1, row = p->output_width * p->channels;
    struct block b;
    b.stage.zero = p->zero;
    b.turn.across = p->channels;
    b.words.skip = 4 * (p->output_width + 2 - even);
    b.words.run = 4 * even;
    b.rows.down = 2 * row - even * p->channels;
    return b;
}

/* One channel of one image, out of its plane. */
CHIPCAST_PART void convolve_plane(const struct chipcast_depthwise_3x3_s8_dsp_params *p, struct block *b, int32_t channel,
                           const uint32_t *plane, int8_t *output)
{
    const struct chipcast_filter_3x3 f = chipcast_read_filter_3x3(p->weights + 12 * channel);
    const int32_t columns = p->output_width + 2, even = p->output_width & ~1, row = p->output_width * p->channels;
    const uint32_t *const middle = plane + (p->output_height >> 1) * columns;
    b->bias = p->bias[channel];
    b->stage.multiplier = p->multiplier[channel];
    b->to.below = row;
    b->to.output = output;
    b->turn.end = plane + even;
    b->rows.last = middle + columns;
    /* All pairs of output rows, then the last row of an odd number, which has none below it. */
    for (int32_t rows = p->output_height; even > 0 && rows > 0; rows = rows > 1 ? rows & 1 : 0) {
        const uint32_t *const upper = rows > 1 ? plane : middle;
        if (rows == 1) {
            b->to.below = 0;
            b->rows.last += columns;
        }
        convolve_blocks(&f, b, upper, upper + columns);
    }
    if (even < p->output_width) {
        plane += even;
        output += even * p->channels;
        for (int32_t y = p->output_height; y > 0; y -= 2) {
            b->to.below = y > 1 ? row : 0;
            convolve_column(&f, b, plane, plane + columns, output);
            plane += columns;
            output += 2 * row;
        }
    }
}

void chipcast_depthwise_3x3_s8_dsp(const struct chipcast_depthwise_3x3_s8_dsp_params *p, const int8_t *input,
                                   int8_t *output, uint32_t *scratch)
{
    struct chipcast_planes planes = {
        p->input_height,     p->input_width,             p->channels,         p->padding_top, p->padding_left,
        p->input_zero_point, (p->output_height + 3) / 2, p->output_width + 2, 0,
    };
    const int32_t size = planes.pairs * planes.columns;
    struct block b = block_of(p);
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
