#include "winograd_3x3_s8_dsp.h"

#include "requantise_dsp.h"
#include "winograd_products_dsp.h"

/* Rows and columns of a tile, and its places. */
enum { TILE = 4, PLACES = TILE * TILE };

typedef struct chipcast_winograd_3x3_s8_dsp_params params;

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

/* The last channels of a pixel, fewer than four; weights of 0 make nothing of the others. */
static inline uint32_t load_rest(const int8_t *from, int32_t count)
{
    uint32_t word = 0;
    for (int32_t i = 0; i < count; ++i) {
        word |= ((uint32_t)from[i] & 0xFFu) << (8 * i);
    }
    return word;
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
            load_rest(d0 + whole, rest),
            load_rest(d1 + whole, rest),
            load_rest(d2 + whole, rest),
            load_rest(d3 + whole, rest),
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

/* The first of two that go to the same place comes last, and stays. */
static inline void store(const struct target *to, int32_t y0, int32_t y1, int32_t y2, int32_t y3)
{
    int8_t *const below = to->output + to->down;
    below[to->across] = (int8_t)y3;
    below[0] = (int8_t)y2;
    to->output[to->across] = (int8_t)y1;
    to->output[0] = (int8_t)y0;
}

/* `count` channels of one tile, saturated. */
static __attribute__((noinline)) void store_saturated(const params *p, int32_t channel, const int32_t *sums,
                                                      struct target to)
{
    const int32_t *bias = p->bias + channel, *multiplier = p->table + channel, zero = p->zero;
    const int32_t left = p->output_channels - channel;
    const int32_t *const end = bias + (left < 4 ? left : 4);
    for (; bias != end; ++bias, ++multiplier, ++to.output, sums += 2) {
        uint32_t y[TILE];
        transform_sums(sums, y);
#define OUTPUT(i) chipcast_saturated((int32_t)((uint32_t)*bias + (y[i] << 6)), *multiplier, zero)
        store(&to, OUTPUT(0), OUTPUT(1), OUTPUT(2), OUTPUT(3));
#undef OUTPUT
    }
}

/* The same for outputs of any sign. */
static __attribute__((noinline)) void store_any_sign(const params *p, int32_t channel, const int32_t *sums,
                                                     struct target to)
{
    const int32_t *bias = p->bias + channel, *row = p->table + 3 * channel;
    const int32_t low = p->minimum, high = p->maximum, left = p->output_channels - channel;
    const int32_t *const end = bias + (left < 4 ? left : 4);
    for (; bias != end; ++bias, row += 3, ++to.output, sums += 2) {
        uint32_t y[TILE];
        int32_t output[TILE];
        transform_sums(sums, y);
        for (int32_t i = 0; i < TILE; ++i) {
            const int32_t t = (int32_t)((uint32_t)*bias + (uint32_t)((int32_t)y[i] >> 1));
            const int32_t value = chipcast_any_sign(t, row[0], row[1], row[2]);
            output[i] = value < low ? low : (value > high ? high : value);
        }
        store(&to, output[0], output[1], output[2], output[3]);
    }
}

/* All channels of two tiles; the second's outputs go first: where there is none, they go where the first's do. */
static void convolve_tiles(const params *p, const uint32_t *tiles, int32_t *sums, struct target first,
                           struct target second)
{
    const uint32_t *weights = (const uint32_t *)p->weights;
    for (int32_t channel = 0; channel < p->output_channels; channel += 4) {
        chipcast_winograd_products(tiles, weights, p->words, PLACES, sums);
        weights += PLACES * 4 * p->words;
        if (p->any_sign) {
            store_any_sign(p, channel, sums + 1, second);
            store_any_sign(p, channel, sums, first);
        } else {
            store_saturated(p, channel, sums + 1, second);
            store_saturated(p, channel, sums, first);
        }
        first.output += 4;
        second.output += 4;
    }
}

void chipcast_winograd_3x3_s8_dsp(const struct chipcast_winograd_3x3_s8_dsp_params *p, const int8_t *input,
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
