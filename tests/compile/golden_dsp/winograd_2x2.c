/* winograd_2x2, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "winograd_2x2_s8_dsp.h"

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

const char model_sha256[65] = "c831ab2578ee6a66c66fd8ed016a2cdc5b663ff02a690f1b3ab14e1314a115fc";
const char model_name[] = "winograd_2x2";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, transformed */
static const int32_t model_w_0_weights[256] ALIGNED(4) = {
    65380, 65256, 0, 0, 0, 65148, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 56, 65484, 0, 0, 188, 65344, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 65484, 65212, 0, 0, 140, 65224, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 160, 65440, 0, 0, 328,
    65420, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 65464, 65202, 0, 0, 208, 65334, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 119,
    65459, 0, 0, 229, 65456, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 41, 65327, 0, 0, 203, 65424, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 232, 48, 0, 0, 224, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 65306, 0, 0, 65456, 18, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 181, 65499, 0, 0, 65505, 46, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 65447, 65207, 0, 0,
    65467, 65466, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 52, 65400, 0, 0, 65516, 65494, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 124, 65252, 0, 0, 128, 204, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 244, 65474, 0, 0, 10, 158, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 4, 65322, 0, 0, 65530, 130, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 124, 8, 0, 0, 65412, 84, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0
};

/* t3, saturated */
static const int32_t model_w_0_bias[2] ALIGNED(4) = {
    -11187531, 5030235
};

/* t3, saturated */
static const int32_t model_t_0_stage[2] ALIGNED(4) = {
    16815298, 17408668
};

/* 0 CONV_2D t3 */
static const struct chipcast_winograd_2x2_s8_dsp_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 6,
    .input_width = 9,
    .input_channels = 2,
    .output_height = 6,
    .output_width = 9,
    .output_channels = 2,
    .padding_top = 1,
    .padding_left = 1,
    .input_zero_point = 127,
    .weights = model_w_0_weights,
    .bias = model_w_0_bias,
    .table = model_t_0_stage,
    .words = 4,
    .any_sign = 0,
    .zero = -32768,
    .minimum = -128,
    .maximum = 127,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 1512, bytes + 0, 108); /* t0 */
}

void model_run(void)
{
    /* 0 CONV_2D t3 */
    chipcast_winograd_2x2_s8_dsp(&model_layer_0_0, model_arena + 1512, model_arena + 1488, (uint32_t *)(void *)(model_arena + 0), (uint32_t *)(void *)(model_arena + 448), (int32_t *)(void *)(model_arena + 960), model_arena + 1472);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 1488, 108); /* t3 */
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
    {0, 1488, 108}, /* t3 */
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
    misaligned |= (uintptr_t)model_t_0_stage & 3u;
    return misaligned == 0u;
}
