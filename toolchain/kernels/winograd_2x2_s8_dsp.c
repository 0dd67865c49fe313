#include "winograd_2x2_s8_dsp.h"

#include "winograd_products_dsp.h"
#include "winograd_tiles_dsp.h"

/* Rows and columns of a tile, and its places. */
enum { TILE = 4, PLACES = TILE * TILE };

typedef struct chipcast_winograd_2x2_s8_dsp_params params;

/* Two channels of B' d, of one column of a tile: rows 0 to 3, two words apart. */
static inline void transform_column(uint32_t *to, uint32_t d0, uint32_t d1, uint32_t d2, uint32_t d3)
{
    to[0] = chipcast_ssub16(d0, d2);
    to[2] = chipcast_sadd16(d1, d2);
    to[4] = chipcast_ssub16(d2, d1);
    to[6] = chipcast_ssub16(d1, d3);
}

/* Four channels. */
static inline void transform_word(uint32_t *to, const uint32_t d[TILE])
{
    transform_column(to, chipcast_sxtb16(d[0]), chipcast_sxtb16(d[1]), chipcast_sxtb16(d[2]), chipcast_sxtb16(d[3]));
    transform_column(to + 1, chipcast_sxtb16_ror8(d[0]), chipcast_sxtb16_ror8(d[1]), chipcast_sxtb16_ror8(d[2]),
                     chipcast_sxtb16_ror8(d[3]));
}

/* All channels of one column: a pixel of each of a tile's rows; `pitch` words from four channels to the next. */
static inline void transform_pixels(uint32_t *to, int32_t pitch, const int8_t *const rows[TILE], int32_t channels)
{
    const int8_t *const d0 = rows[0], *const d1 = rows[1], *const d2 = rows[2], *const d3 = rows[3];
    const int32_t whole = channels & ~3, rest = channels & 3;
    for (int32_t i = 0; i < whole; i += 4) {
        const uint32_t d[TILE] = {
            chipcast_load_word(d0 + i),
            chipcast_load_word(d1 + i),
            chipcast_load_word(d2 + i),
            chipcast_load_word(d3 + i),
        };
        transform_word(to, d);
        to += pitch;
    }
    if (rest > 0) {
        const uint32_t d[TILE] = {
            chipcast_load_rest(d0 + whole, rest),
            chipcast_load_rest(d1 + whole, rest),
            chipcast_load_rest(d2 + whole, rest),
            chipcast_load_rest(d3 + whole, rest),
        };
        transform_word(to, d);
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
        transform_pixels(columns + 8 * column, 8 * count, rows, channels);
    }
}

/* (B' d) B of two tiles: tiles[place][word][tile], from the first of their six columns on. */
static __attribute__((noinline)) void transform_rows(const uint32_t *columns, int32_t pitch, uint32_t *tiles,
                                                     int32_t groups, int32_t words)
{
    const int32_t place = 2 * words;
    for (; groups > 0; --groups) {
        uint32_t *to = tiles;
        for (int32_t i = 0; i < 2 * TILE; ++i) {
            const uint32_t c0 = columns[i], c1 = columns[i + 8], c2 = columns[i + 16];
            const uint32_t c3 = columns[i + 24], c4 = columns[i + 32], c5 = columns[i + 40];
            uint32_t *const second = to + place, *const third = second + place, *const fourth = third + place;
            to[0] = chipcast_ssub16(c0, c2);
            to[1] = chipcast_ssub16(c2, c4);
            second[0] = chipcast_sadd16(c1, c2);
            second[1] = chipcast_sadd16(c3, c4);
            third[0] = chipcast_ssub16(c2, c1);
            third[1] = chipcast_ssub16(c4, c3);
            fourth[0] = chipcast_ssub16(c1, c3);
            fourth[1] = chipcast_ssub16(c3, c5);
            to += i % 2 == 0 ? 2 : TILE * place - 2;
        }
        columns += pitch;
        tiles += 4;
    }
}

/* A' m A: the four outputs' sums, times four. `sums` is of place after place. */
static inline void transform_sums(const int32_t *sums, uint32_t y[TILE])
{
    uint32_t upper[TILE], lower[TILE];
    for (int32_t column = 0; column < TILE; ++column) {
        const int32_t *const m = sums + CHIPCAST_WINOGRAD_SUMS * column;
        const uint32_t m1 = (uint32_t)m[TILE * CHIPCAST_WINOGRAD_SUMS];
        const uint32_t m2 = (uint32_t)m[2 * TILE * CHIPCAST_WINOGRAD_SUMS];
        upper[column] = (uint32_t)m[0] + m1 + m2;
        lower[column] = m1 - m2 - (uint32_t)m[3 * TILE * CHIPCAST_WINOGRAD_SUMS];
    }
    y[0] = upper[0] + upper[1] + upper[2];
    y[1] = upper[1] - upper[2] - upper[3];
    y[2] = lower[0] + lower[1] + lower[2];
    y[3] = lower[1] - lower[2] - lower[3];
}

/* Where two by two outputs go: 0 across where there is no second column, 0 down where there is no second row. */
struct target {
    int8_t *output;
    int32_t across;
    int32_t down;
};

typedef enum chipcast_winograd_stage stage;
typedef struct chipcast_winograd_channel channel;

/* Up to four channels of one tile, from `first` on. Of several outputs that go to the same place the first comes
 * last, and stays. */
CHIPCAST_WINOGRAD_INLINE void store(stage how, const params *p, int32_t first, const int32_t *sums,
                                    const struct target *target)
{
    const int32_t *bias = p->bias + first, *table = p->table + (how == CHIPCAST_SATURATED ? first : 3 * first);
    const int32_t left = p->output_channels - first;
    const int32_t *const end = bias + (left < 4 ? left : 4);
    struct target to = *target;
    for (; bias != end; ++bias, ++to.output, sums += 2) {
        const channel c = chipcast_winograd_channel_of(how, *bias, &table, p->zero, p->minimum, p->maximum);
        int8_t *const below = to.output + to.down;
        uint32_t y[TILE];
        transform_sums(sums, y);
        CHIPCAST_STEP_BY_STEP;
        below[to.across] = chipcast_winograd_output(how, &c, y[3], 2);
        below[0] = chipcast_winograd_output(how, &c, y[2], 2);
        to.output[to.across] = chipcast_winograd_output(how, &c, y[1], 2);
        to.output[0] = chipcast_winograd_output(how, &c, y[0], 2);
    }
}

static __attribute__((noinline)) void store_saturated(const params *p, int32_t first, const int32_t *sums,
                                                      const struct target *to)
{
    store(CHIPCAST_SATURATED, p, first, sums, to);
}

static __attribute__((noinline)) void store_any_sign(const params *p, int32_t first, const int32_t *sums,
                                                     const struct target *to)
{
    store(CHIPCAST_ANY_SIGN, p, first, sums, to);
}

static __attribute__((noinline)) void store_clamped(const params *p, int32_t first, const int32_t *sums,
                                                    const struct target *to)
{
    store(CHIPCAST_CLAMPED, p, first, sums, to);
}

/* All channels of two tiles; the second's outputs go first: where there is none, they go where the first's do. */
static void convolve_tiles(const params *p, const uint32_t *tiles, int32_t *sums, struct target first,
                           struct target second)
{
    const uint32_t *weights = (const uint32_t *)p->weights;
    for (int32_t channel = 0; channel < p->output_channels; channel += 4) {
        chipcast_winograd_products(tiles, weights, p->words, PLACES, sums);
        weights += PLACES * 4 * p->words;
        if (!p->any_sign) {
            store_saturated(p, channel, sums + 1, &second);
            store_saturated(p, channel, sums, &first);
        } else if (p->minimum > -128 || p->maximum < 127) {
            store_clamped(p, channel, sums + 1, &second);
            store_clamped(p, channel, sums, &first);
        } else {
            store_any_sign(p, channel, sums + 1, &second);
            store_any_sign(p, channel, sums, &first);
        }
        first.output += 4;
        second.output += 4;
    }
}

void chipcast_winograd_2x2_s8_dsp(const struct chipcast_winograd_2x2_s8_dsp_params *p, const int8_t *input,
                                  int8_t *output, uint32_t *columns, uint32_t *tiles, int32_t *sums,
                                  int8_t *outside)
{
    const int32_t channels = p->output_channels, row = p->output_width * channels;
    const int32_t groups = (p->input_channels + 3) / 4, count = 4 * ((p->output_width + 3) / 4) + 2;
    memset(outside, p->input_zero_point, (size_t)p->input_channels);
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t y = 0; y < p->output_height; y += 2) {
            transform_columns(p, input, y - p->padding_top, outside, columns, count);
            for (int32_t x = 0; x < p->output_width; x += 4) {
                const int32_t left = p->output_width - x, down = y + 1 < p->output_height ? row : 0;
                int8_t *const to = output + y * row + x * channels;
                const struct target first = {to, left > 1 ? channels : 0, down};
                struct target second = {to + 2 * channels, left > 3 ? channels : 0, down};
                if (left <= 2) {
                    second = first;
                }
                transform_rows(columns + 8 * x, 8 * count, tiles, groups, p->words);
                convolve_tiles(p, tiles, sums, first, second);
            }
        }
        input += p->input_height * p->input_width * p->input_channels;
        output += p->output_height * row;
    }
}
