/* conv_2d, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "conv_2d_s8.h"

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

const char model_sha256[65] = "6511e73cfa4a6e138a4d048a1c055a54083add7ccfd48ce99975161ce6e7f6fa";
const char model_name[] = "conv_2d";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t2 */
static const int8_t model_w_0_weights[40] ALIGNED(4) = {
    -98, -116, -14, -118, -91, 4, 120, -9, 79, 106, 82, 33, -15, 4, -60, -1, -31, -64, 126, -124, -103,
    -78, 120, 49, 97, -76, 56, -33, -3, -127, 30, 84, 42, -88, 9, -59, 119, 97, -80, 2
};

/* t2, zero point folded in */
static const int32_t model_w_0_bias[5] ALIGNED(4) = {
    32522, -23028, 10605, -2828, -4242
};

/* t2 */
static const int32_t model_t_0_multiplier[5] ALIGNED(4) = {
    2140696520, 2039974650, 1859261664, 1927474910, 1477352787
};

/* t2 */
static const int8_t model_t_0_shift[5] ALIGNED(4) = {
    -12, -9, -3, -6, -13
};

/* 0 CONV_2D t2 */
static const struct chipcast_conv_2d_s8_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 6,
    .input_width = 4,
    .input_channels = 4,
    .output_height = 2,
    .output_width = 3,
    .output_channels = 5,
    .filter_height = 1,
    .filter_width = 2,
    .stride_height = 3,
    .stride_width = 1,
    .dilation_height = 2,
    .dilation_width = 1,
    .padding_top = 0,
    .padding_left = 0,
    .groups = 1,
    .input_zero_point = 101,
    .output_zero_point = 0,
    .activation_min = -128,
    .activation_max = 127,
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
    memcpy(model_arena + 8, bytes + 0, 96); /* t0 */
}

void model_run(void)
{
    /* 0 CONV_2D t2 */
    chipcast_conv_2d_s8(&model_layer_0_0, model_arena + 8, model_arena + 0, model_arena + 112);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 30); /* t2 */
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
    {0, 0, 30}, /* t2 */
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
