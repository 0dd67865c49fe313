/* depthwise_3x3, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "depthwise_3x3_s8_by_four.h"

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

const char model_sha256[65] = "b1407df2ad233770327bfbd5f297f3ec8acd34e3c9e834057964998b9df9967e";
const char model_name[] = "depthwise_3x3";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, column after column */
static const int8_t model_w_0_weights[36] ALIGNED(4) = {
    52, -19, -37, -27, -12, 31, 27, 38, -96, -42, 3, 6, 30, -61, 14, -26, 28, -9, 80, 4, 42, 20, -57, 68,
    -11, -27, 29, 54, -70, 1, -79, -16, -90, -27, -32, -18
};

/* t3, split */
static const int32_t model_t_0_stage[8] ALIGNED(4) = {
    781957, 10378926, -1007017, 12450102, 1149097, 10639241, -669766, 16633065
};

/* t3, split */
static const int8_t model_t_0_shift[4] ALIGNED(4) = {
    14, 16, 14, 15
};

/* 0 DEPTHWISE_CONV_2D t3 */
static const struct chipcast_depthwise_3x3_s8_by_four_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 6,
    .input_width = 1,
    .channels = 4,
    .output_height = 6,
    .output_width = 1,
    .stride = 1,
    .padding_top = 1,
    .padding_left = 1,
    .input_zero_point = -128,
    .planes = 1,
    .weights = model_w_0_weights,
    .stage_kind = 1,
    .table = model_t_0_stage,
    .shift = model_t_0_shift,
    .activation_min = -128,
    .activation_max = 127,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 24); /* t0 */
}

void model_run(void)
{
    /* 0 DEPTHWISE_CONV_2D t3 */
    chipcast_depthwise_3x3_s8_by_four(&model_layer_0_0, model_arena + 0, model_arena + 0, (uint8_t *)(void *)(model_arena + 32));
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 24); /* t3 */
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
    {0, 0, 24}, /* t3 */
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
    misaligned |= (uintptr_t)model_t_0_stage & 3u;
    misaligned |= (uintptr_t)model_t_0_shift & 3u;
    return misaligned == 0u;
}
