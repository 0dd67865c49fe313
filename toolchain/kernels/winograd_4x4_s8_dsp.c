#include "winograd_4x4_s8_dsp.h"

#include "winograd_products_dsp.h"
#include "winograd_tiles_dsp.h"

/* Rows and columns of a tile, its places; rows and columns of its outputs. */
enum { TILE = 6, PLACES = TILE * TILE, OUT = 4 };

typedef struct chipcast_winograd_4x4_s8_dsp_params params;

/* B' d, of two channels as one number each; the results `apart` words from one another. */
static inline void transform_inputs(uint32_t *to, int32_t apart, const uint32_t d[TILE])
{
    const uint32_t e = d[4] - (d[2] << 2), f = d[3] - (d[1] << 2), g = d[4] - d[2], h = d[3] - d[1];
    to[0] = g + ((d[0] - d[2]) << 2);
    to[apart] = e + f;
    to[2 * apart] = e - f;
    to[3 * apart] = g + (h << 1);
    to[4 * apart] = g - (h << 1);
    to[5 * apart] = d[5] - d[3] - (h << 2);
}

/* Four channels of a column: rows two words apart. */
static inline void transform_words(uint32_t *to, const uint32_t words[TILE])
{
    uint32_t d[TILE];
    for (int32_t row = 0; row < TILE; ++row) {
        d[row] = chipcast_uxtb16(words[row] ^ 0x80808080u);
    }
    transform_inputs(to, 2, d);
    for (int32_t row = 0; row < TILE; ++row) {
        d[row] = chipcast_uxtb16_ror8(words[row] ^ 0x80808080u);
    }
    transform_inputs(to + 1, 2, d);
}

/* All channels of one column: a pixel of each of a tile's rows; `pitch` words from four channels to the next. */
static inline void transform_pixels(uint32_t *to, int32_t pitch, const int8_t *const rows[TILE], int32_t channels)
{
    const int32_t whole = channels & ~3, rest = channels & 3;
    uint32_t words[TILE];
    for (int32_t i = 0; i < whole; i += 4) {
        for (int32_t row = 0; row < TILE; ++row) {
            words[row] = chipcast_load_word(rows[row] + i);
        }
        transform_words(to, words);
        to += pitch;
    }
    if (rest > 0) {
        for (int32_t row = 0; row < TILE; ++row) {
            words[row] = chipcast_load_rest(rows[row] + whole, rest);
        }
        transform_words(to, words);
    }
}

/* B' d of a row of tiles whose first input row is `y`: columns[four channels][column][row][two channels].
 * `outside` is a pixel of the input's zero point. */
static __attribute__((noinline)) void transform_columns(const params *p, const int8_t *image, int32_t y,
                                                        const int8_t *outside, uint32_t *columns, int32_t count)
{
    const int32_t channels = p->input_channels;
    for (int32_t column = 0; column < count; ++column) {
        const int32_t x = column - p->padding_left;
        const int8_t *rows[TILE];
        for (int32_t row = 0; row < TILE; ++row) {
            const int inside = x >= 0 && x < p->input_width && y + row >= 0 && y + row < p->input_height;
            rows[row] = inside ? image + ((y + row) * p->input_width + x) * channels : outside;
        }
        transform_pixels(columns + 2 * TILE * column, 2 * TILE * count, rows, channels);
    }
}

/* Gives back to the high lane what the low one has borrowed. */
static inline uint32_t lanes(uint32_t number)
{
    return number + ((number & 0x8000u) << 1);
}

/* (B' d) B of one tile, two channels of one row: tiles[place][word][tile]. */
static inline void transform_row(const uint32_t *columns, uint32_t *to, int32_t place)
{
    uint32_t d[TILE], v[TILE];
    for (int32_t column = 0; column < TILE; ++column) {
        d[column] = columns[2 * TILE * column];
    }
    transform_inputs(v, 1, d);
    for (int32_t column = 0; column < TILE; ++column) {
        *to = lanes(v[column]);
        to += place;
    }
}

/* Two tiles, from the first of their ten columns on. */
static __attribute__((noinline)) void transform_rows(const uint32_t *columns, int32_t pitch, uint32_t *tiles,
                                                     int32_t groups, int32_t words)
{
    const int32_t place = 2 * words;
    for (; groups > 0; --groups) {
        uint32_t *to = tiles;
        for (int32_t i = 0; i < 2 * TILE; ++i) {
            transform_row(columns + i, to, place);
            transform_row(columns + 2 * TILE * OUT + i, to + 1, place);
            to += i % 2 == 0 ? 2 : TILE * place - 2;
        }
        columns += pitch;
        tiles += 4;
    }
}

/* A' m, without the factors 1, 2, 4 and 4 of its rows, which are `factor` as shifts. Values are `apart` words from
 * one another. */
static inline void transform_products(uint32_t y[OUT], const int32_t *m, int32_t apart)
{
    const uint32_t m1 = (uint32_t)m[apart], m2 = (uint32_t)m[2 * apart];
    const uint32_t m3 = (uint32_t)m[3 * apart], m4 = (uint32_t)m[4 * apart];
    const uint32_t p = m1 + m2, q = m1 - m2, s = m3 + m4, d = m3 - m4;
    y[0] = (uint32_t)m[0] + s - (p << 2);
    y[1] = d - (q << 1);
    y[2] = s - p;
    y[3] = (d << 1) - q + (uint32_t)m[5 * apart];
}

static inline int32_t factor(int32_t row)
{
    return row < 2 ? row : 2;
}

/* A' m of one tile and channel, in the place of its first four rows. `sums` is of place after place. */
static inline void transform_sums(int32_t *sums)
{
    for (int32_t column = 0; column < TILE; ++column, sums += CHIPCAST_WINOGRAD_SUMS) {
        CHIPCAST_STEP_BY_STEP;
        uint32_t y[OUT];
        transform_products(y, sums, TILE * CHIPCAST_WINOGRAD_SUMS);
        for (int32_t row = 0; row < OUT; ++row) {
            sums[TILE * CHIPCAST_WINOGRAD_SUMS * row] = (int32_t)y[row];
        }
    }
}

/* Where four by four outputs go: the offsets of the last columns and rows, those that are not there with the last
 * one that is. */
struct target {
    int8_t *output;
    int32_t across[OUT];
    int32_t down[OUT];
};

static struct target target_of(int8_t *output, int32_t channels, int32_t columns, int32_t row, int32_t rows)
{
    struct target to = {output, {0}, {0}};
    for (int32_t i = 1; i < OUT; ++i) {
        to.across[i] = to.across[i - 1] + (i < columns ? channels : 0);
        to.down[i] = to.down[i - 1] + (i < rows ? row : 0);
    }
    return to;
}

/* 9 * INVERSE is 1 modulo 2^32. */
#define INVERSE 0x38E38E39u

typedef enum chipcast_winograd_stage stage;
typedef struct chipcast_winograd_channel channel;

/* One row of outputs, from the last on: of several that go to the same place the first comes last, and stays. */
CHIPCAST_WINOGRAD_INLINE void store_row(stage how, const channel *c, const int32_t *sums, const struct target *to,
                                        int32_t row)
{
    int8_t *const output = to->output + to->down[row];
    /* Times INVERSE, they are 64 times the sums, but for the factors that are left out. */
    const int32_t bits = 6 - factor(row);
    uint32_t y[OUT];
    transform_products(y, sums + TILE * CHIPCAST_WINOGRAD_SUMS * row, CHIPCAST_WINOGRAD_SUMS);
    output[to->across[3]] = chipcast_winograd_output(how, c, y[3] * INVERSE, bits - factor(3));
    output[to->across[2]] = chipcast_winograd_output(how, c, y[2] * INVERSE, bits - factor(2));
    output[to->across[1]] = chipcast_winograd_output(how, c, y[1] * INVERSE, bits - factor(1));
    output[0] = chipcast_winograd_output(how, c, y[0] * INVERSE, bits);
}

/* Up to four channels of one tile, from `first` on; rows from the last on as well. */
CHIPCAST_WINOGRAD_INLINE void store(stage how, const params *p, int32_t first, int32_t *sums,
                                    const struct target *target)
{
    const int32_t *bias = p->bias + first, *table = p->table + (how == CHIPCAST_SATURATED ? first : 3 * first);
    const int32_t left = p->output_channels - first;
    const int32_t *const end = bias + (left < 4 ? left : 4);
    struct target to = *target;
    for (; bias != end; ++bias, ++to.output, sums += 2) {
        const channel c = chipcast_winograd_channel_of(how, *bias, &table, p->zero, p->minimum, p->maximum);
        transform_sums(sums);
        CHIPCAST_STEP_BY_STEP;
        store_row(how, &c, sums, &to, 3);
        CHIPCAST_STEP_BY_STEP;
        store_row(how, &c, sums, &to, 2);
        CHIPCAST_STEP_BY_STEP;
        store_row(how, &c, sums, &to, 1);
        CHIPCAST_STEP_BY_STEP;
        store_row(how, &c, sums, &to, 0);
    }
}

static __attribute__((noinline)) void store_saturated(const params *p, int32_t first, int32_t *sums,
                                                      const struct target *to)
{
    store(CHIPCAST_SATURATED, p, first, sums, to);
}

static __attribute__((noinline)) void store_any_sign(const params *p, int32_t first, int32_t *sums,
                                                     const struct target *to)
{
    store(CHIPCAST_ANY_SIGN, p, first, sums, to);
}

static __attribute__((noinline)) void store_clamped(const params *p, int32_t first, int32_t *sums,
                                                    const struct target *to)
{
    store(CHIPCAST_CLAMPED, p, first, sums, to);
}

/* All channels of two tiles; the second's outputs go first: where there is none, they go where the first's do. */
static void convolve_tiles(const params *p, const uint32_t *tiles, int32_t *sums, struct target *first,
                           struct target *second)
{
    const uint32_t *weights = (const uint32_t *)p->weights;
    for (int32_t channel = 0; channel < p->output_channels; channel += 4) {
        chipcast_winograd_products(tiles, weights, p->words, PLACES, sums);
        weights += PLACES * 4 * p->words;
        if (!p->any_sign) {
            store_saturated(p, channel, sums + 1, second);
            store_saturated(p, channel, sums, first);
        } else if (p->minimum > -128 || p->maximum < 127) {
            store_clamped(p, channel, sums + 1, second);
            store_clamped(p, channel, sums, first);
        } else {
            store_any_sign(p, channel, sums + 1, second);
            store_any_sign(p, channel, sums, first);
        }
        first->output += 4;
        second->output += 4;
    }
}

void chipcast_winograd_4x4_s8_dsp(const struct chipcast_winograd_4x4_s8_dsp_params *p, const int8_t *input,
                                  int8_t *output, uint32_t *columns, uint32_t *tiles, int32_t *sums,
                                  int8_t *outside)
{
    const int32_t channels = p->output_channels, row = p->output_width * channels;
    const int32_t groups = (p->input_channels + 3) / 4, count = 8 * ((p->output_width + 7) / 8) + 2;
    memset(outside, p->input_zero_point, (size_t)p->input_channels);
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t y = 0; y < p->output_height; y += OUT) {
            transform_columns(p, input, y - p->padding_top, outside, columns, count);
            for (int32_t x = 0; x < p->output_width; x += 2 * OUT) {
                const int32_t left = p->output_width - x, rows = p->output_height - y;
                int8_t *const to = output + y * row + x * channels;
                struct target first = target_of(to, channels, left, row, rows);
                struct target second = first;
                if (left > OUT) {
                    second = target_of(to + OUT * channels, channels, left - OUT, row, rows);
                }
                transform_rows(columns + 2 * TILE * x, 2 * TILE * count, tiles, groups, p->words);
                convolve_tiles(p, tiles, sums, &first, &second);
            }
        }
        input += p->input_height * p->input_width * p->input_channels;
        output += p->output_height * row;
    }
}
