/* conv_2d, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "conv_2d_s16.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_TIMED(layer) chipcast_layer_done(layer)
#else
#define LAYER_TIMED(layer) ((void)0)
#endif

#ifdef CHIPCAST_TENSORS
static uint16_t model_last_layer = UINT16_MAX;
#define LAYER_DONE(layer)                      \
    do {                                       \
        LAYER_TIMED(layer);                    \
        if (model_last_layer == (layer)) { \
            return;                            \
        }                                      \
    } while (0)
#else
#define LAYER_DONE(layer) LAYER_TIMED(layer)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "f8a66d883f73794300fc8a8382a171664a5d84a00a1b297a29a71013acfd7b27";
const char model_name[] = "conv_2d";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3 */
static const int8_t model_w_0_weights[480] ALIGNED(4) = {
    51, 31, -41, 125, -9, -73, 88, -87, 91, 29, -98, -116, -14, -118, -91, 4, 120, -9, 79, 106, 82, 33,
    -15, 4, -60, -1, -31, -64, 126, -124, -103, -78, 120, 49, 97, -76, 56, -33, -3, -127, 30, 84, 42, -88,
    9, -59, 119, 97, -80, 2, 112, 89, 53, 36, -117, 62, -7, -104, -65, 10, 58, 2, 29, 95, 47, -35, 37, 25,
    -100, -112, 41, -29, 25, -45, -70, -89, -30, 81, -25, -31, 19, 122, -27, 23, -15, 27, -14, 35, 12, 45,
    116, -89, 16, -15, -36, -66, -114, -25, 83, -103, -24, 119, 115, -73, -126, 44, -124, -51, -1, 95,
    -104, 41, 8, -94, 88, 88, -4, 113, 27, 103, 117, 18, -56, -90, 16, -78, 64, 109, -65, 13, -115, -81,
    -31, 98, 120, 36, 21, 18, -112, -32, 123, -23, -73, -66, 54, -118, 120, 96, 17, -8, 67, 12, -6, -45,
    -14, 64, -113, -121, 56, -33, 77, -120, 104, -96, -21, 119, -100, 40, 58, -18, -107, 6, -17, 95, 46,
    -40, -113, 23, -56, 47, 93, -37, 103, 5, 8, 68, 74, 104, 127, -89, -22, 111, -49, -126, 19, 65, 62, 79,
    37, -93, 89, -21, 89, 80, 120, -124, 93, 33, -4, 75, 115, 3, -105, 58, -69, -70, -78, -77, 105, -35,
    -100, -82, -27, -39, -48, 114, 93, 19, 124, -41, -92, -58, -105, 115, -72, -14, -76, 123, -87, 4, 115,
    5, 102, 101, 68, 62, 20, 21, 84, -19, 114, 96, -32, -23, 55, 108, -103, -110, -64, -18, -86, 5, 11,
    115, 63, -63, 73, 78, 46, 45, -48, 55, -93, 33, 107, 120, -51, -43, 30, -26, 59, -76, -84, -115, -8,
    -73, -51, 106, 80, 87, 24, -99, 63, 26, 104, -5, -83, 24, -11, 41, -32, -49, -96, 118, 65, -9, -68, 33,
    -22, 34, -104, -81, 60, -112, 45, -23, -127, 67, 51, 80, 101, 59, 87, -99, 107, 105, 49, 77, 62, 96,
    99, 6, 81, 106, -52, -116, -84, -120, -17, -122, -61, -63, 53, -64, 115, -80, 120, 17, -65, -118, -50,
    23, -100, -85, -98, 45, -105, -122, -11, -48, 18, 112, 91, 10, 36, 79, -16, 40, -72, 28, -67, -79, 67,
    19, -31, -117, -67, 77, -8, 117, 102, 90, -123, -115, 20, -41, 87, -46, -88, -99, -51, 32, -95, 76,
    -50, -48, 42, 93, -16, 76, -50, -95, 84, 68, 64, 98, 0, -77, 22, 19, -29, 35, -60, 28, 75, -103, -12,
    41, -114, 34, 105, 83, 47, 77, -35, -44, -106, 57, -47, 94, -9, 100, -92, -86, -39, -121, -2, 38, 41,
    -73, -86, 16, 34, 113, 101, -31, -86, -63, 97, -11, 126, 40, 24, -102, 23, -30, 88, -93, -79, 41, 46,
    84, 6, -31, -49, -33, 42, 10, -52, -73, 54, -64, -74, -43, 90, -11, 24, -107, -40, 64
};

/* t3 */
static const int64_t model_w_0_bias[5] ALIGNED(4) = {
    -43981, -55372, -39384, 34496, 52952
};

/* t3 */
static const int32_t model_t_0_multiplier[5] ALIGNED(4) = {
    31739, 17502, 22413, 27473, 21585
};

/* t3 */
static const int8_t model_t_0_shift[5] ALIGNED(4) = {
    -8, -6, -6, -6, -3
};

/* 0 CONV_2D t3 */
static const struct chipcast_conv_2d_s16_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 7,
    .input_width = 9,
    .input_channels = 6,
    .output_height = 4,
    .output_width = 6,
    .output_channels = 5,
    .filter_height = 4,
    .filter_width = 4,
    .stride_height = 1,
    .stride_width = 1,
    .dilation_height = 1,
    .dilation_width = 1,
    .padding_top = 0,
    .padding_left = 0,
    .groups = 1,
    .accumulator_bits = 64,
    .activation_min = -32768,
    .activation_max = 32767,
    .requantise_step = 1,
    .weights = model_w_0_weights,
    .bias = model_w_0_bias,
    .multiplier = model_t_0_multiplier,
    .shift = model_t_0_shift,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 756); /* t0 */
}

void model_run(void)
{
    /* 0 CONV_2D t3 */
    chipcast_conv_2d_s16(&model_layer_0_0, (int16_t *)(void *)(model_arena + 0), (int16_t *)(void *)(model_arena + 0), (int16_t *)(void *)(model_arena + 768));
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 240); /* t3 */
}

#define ARENA_PAINT 0x5A

void model_paint_arena(void)
{
    memset(model_arena, ARENA_PAINT, sizeof model_arena);
}

uint32_t model_arena_used(void)
{
    uint32_t used = MODEL_ARENA_BYTES;
    while (used > 0u && model_arena[used - 1u] == ARENA_PAINT) {
        used--;
    }
    return used;
}

#ifdef CHIPCAST_TENSORS
void model_run_to(uint16_t layer)
{
    model_last_layer = layer;
    model_run();
    model_last_layer = UINT16_MAX;
}

static const struct {
    uint16_t layer;
    uint32_t offset, bytes;
} model_layer_outputs[] = {
    {0, 0, 240}, /* t3 */
    {UINT16_MAX, 0, 0},
};

const uint8_t *model_layer_output(uint16_t layer, uint16_t output, uint32_t *bytes)
{
    for (uint32_t i = 0; model_layer_outputs[i].layer != UINT16_MAX; i++) {
        if (model_layer_outputs[i].layer == layer && output-- == 0u) {
            *bytes = model_layer_outputs[i].bytes;
            return (const uint8_t *)model_arena + model_layer_outputs[i].offset;
        }
    }
    return 0;
}
#endif

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    misaligned |= (uintptr_t)model_w_0_weights & 3u;
    misaligned |= (uintptr_t)model_w_0_bias & 3u;
    misaligned |= (uintptr_t)model_t_0_multiplier & 3u;
    misaligned |= (uintptr_t)model_t_0_shift & 3u;
    return misaligned == 0u;
}
