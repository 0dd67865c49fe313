/* concatenation, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "copy_s8.h"
#include "rescale_s16.h"

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

const char model_sha256[65] = "8ae79ed546db430db471803753b35bdf8ab95852a3405c1591c2cc39911d38c2";
const char model_name[] = "concatenation";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t2 */
static const int8_t model_w_2_constant[756] ALIGNED(4) = {
    -1, 127, -1, -1, 0, -128, -1, -1, 0, -128, -1, 127, -1, -1, -1, 127, -1, 127, -1, 127, 0, 0, -1, 127,
    -1, -1, -1, 127, -1, 127, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, -1, 127, -1, -1,
    -1, 127, 0, -128, -1, -1, 0, -128, -1, -1, 0, 0, 0, -128, 0, -128, -1, 127, 0, -128, 0, -128, 0, 0, -1,
    -1, -1, 127, -1, -1, -1, -1, -1, -1, 0, 0, -1, 127, 0, 0, -1, 127, -1, 127, -1, 127, 0, -128, -1, -1,
    0, -128, 0, -128, 0, -128, -1, -1, 0, 0, -1, -1, 0, -128, 0, 0, -1, 127, -1, 127, 0, -128, 0, 0, -1,
    -1, 0, 0, 0, -128, 0, 0, -1, 127, -1, -1, -1, -1, 0, -128, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0, 0, -128,
    0, 0, -1, 127, 0, -128, 0, -128, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0, -1, 127, 0, 0, 0, 0, 0, -128, 0,
    -128, 0, 0, -1, 127, 0, 0, -1, 127, 0, -128, 0, -128, -1, 127, -1, -1, -1, 127, -1, 127, 0, 0, -1, -1,
    -1, 127, 0, 0, -1, 127, 0, 0, -1, 127, 0, 0, 0, 0, 0, 0, -1, -1, 0, -128, 0, 0, -1, 127, -1, 127, 0,
    -128, 0, -128, -1, 127, -1, -1, 0, -128, -1, 127, -1, -1, -1, -1, 0, -128, 0, -128, 0, 0, 0, -128, -1,
    127, -1, 127, -1, -1, 0, -128, 0, 0, 0, 0, 0, -128, -1, -1, -1, -1, -1, 127, -1, -1, 0, 0, -1, -1, -1,
    -1, 0, 0, -1, 127, 0, -128, 0, 0, 0, -128, -1, -1, -1, -1, 0, -128, 0, 0, 0, -128, 0, -128, -1, 127,
    -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, -128, -1, 127, -1, -1, -1, 127, 0, -128, 0, -128, 0, 0, 0, -128,
    -1, -1, -1, -1, 0, 0, -1, 127, -1, -1, 0, 0, -1, 127, -1, 127, -1, 127, -1, -1, 0, -128, 0, -128, 0, 0,
    -1, 127, -1, -1, 0, -128, -1, -1, 0, -128, -1, 127, -1, -1, 0, -128, 0, 0, 0, 0, -1, 127, 0, -128, 0,
    0, -1, 127, -1, -1, 0, 0, -1, 127, 0, -128, 0, 0, -1, 127, 0, 0, -1, -1, -1, 127, -1, -1, 0, 0, 0, 0,
    -1, -1, -1, -1, -1, -1, -1, -1, 0, -128, -1, 127, -1, -1, -1, 127, 0, -128, 0, 0, -1, -1, 0, 0, -1, -1,
    0, 0, 0, -128, -1, -1, -1, 127, -1, -1, -1, -1, -1, -1, 0, -128, -1, -1, 0, 0, -1, 127, -1, -1, -1, -1,
    0, 0, 0, -128, 0, 0, 0, -128, 0, -128, 0, -128, 0, -128, -1, -1, -1, 127, 0, -128, 0, -128, -1, 127,
    -1, 127, -1, 127, -1, -1, -1, -1, 0, 0, -1, -1, -1, 127, 0, -128, -1, 127, 0, -128, -1, -1, 0, -128,
    -1, 127, 0, -128, -1, -1, 0, -128, 0, 0, -1, -1, 0, 0, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, -1,
    -1, -1, 127, -1, -1, -1, -1, -1, 127, -1, 127, 0, 0, -1, -1, 0, -128, 0, -128, 0, -128, -1, 127, 0,
    -128, 0, 0, 0, 0, -1, -1, 0, 0, -1, 127, -1, -1, -1, -1, 0, 0, 0, 0, -1, 127, 0, 0, 0, -128, 0, 0, -1,
    -1, -1, -1, -1, 127, -1, 127, 0, 0, -1, 127, 0, 0, 0, -128, 0, -128, 0, -128, -1, 127, 0, -128, -1,
    127, -1, -1, -1, -1, -1, -1, 0, 0, 0, -128, 0, 0, 0, 0, -1, -1, -1, 127, 0, -128, 0, 0, -1, 127, 0, 0,
    -1, 127, -1, 127, 0, -128, -1, -1, -1, -1, -1, 127, 0, -128, 0, 0, -1, 127, 0, 0, 0, -128, 0, -128, 0,
    0, 0, -128, 0, 0, -1, 127, 0, -128, -1, -1, 0, 0, -1, -1, -1, -1, 0, 0, -1, -1, 0, -128, -1, -1, -1,
    -1, 0, 0, -1, -1, 0, 0, -1, -1, -1, -1, 0, 0, -1, -1, -1, -1, -1, 127, 0, -128, 0, -128, 0, -128, -1,
    127, 0, -128, -1, 127, -1, 127, 0, 0, 0, -128, -1, -1, 0, -128, -1, -1, 0, 0, 0, -128, 0, -128, -1,
    127, 0, 0, 0, -128, 0, -128, 0, -128, 0, 0
};

/* 0 QUANTIZE t1 */
static const struct chipcast_rescale_s16_params model_layer_0_0 = {
    .elements = 378,
    .multiplier = 1416018034,
    .shift = -8,
    .minimum = -32768,
    .maximum = 32767,
};

/* 1 CONCATENATION t3 */
static const struct chipcast_copy_s8_params model_layer_1_0 = {
    .extent = {1, 1, 1, 63},
    .input_stride = {0, 0, 0, 12},
    .output_stride = {0, 0, 0, 36},
    .run = 12,
};

/* 1 CONCATENATION t3 */
static const struct chipcast_copy_s8_params model_layer_1_1 = {
    .extent = {1, 1, 1, 63},
    .input_stride = {0, 0, 0, 12},
    .output_stride = {0, 0, 0, 36},
    .run = 12,
};

/* 1 CONCATENATION t3 */
static const struct chipcast_copy_s8_params model_layer_1_2 = {
    .extent = {1, 1, 1, 63},
    .input_stride = {0, 0, 0, 12},
    .output_stride = {0, 0, 0, 36},
    .run = 12,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 2272, bytes + 0, 756); /* t0 */
}

void model_run(void)
{
    /* 0 QUANTIZE t1 */
    chipcast_rescale_s16(&model_layer_0_0, (int16_t *)(void *)(model_arena + 2272), (int16_t *)(void *)(model_arena + 3040));
    LAYER_DONE(0);
    /* 1 CONCATENATION t3 */
    chipcast_copy_s8(&model_layer_1_0, model_w_2_constant, model_arena + 0);
    chipcast_copy_s8(&model_layer_1_1, model_arena + 2272, model_arena + 12);
    chipcast_copy_s8(&model_layer_1_2, model_arena + 3040, model_arena + 24);
    LAYER_DONE(1);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 2268); /* t3 */
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
    {0, 3040, 756}, /* t1 */
    {1, 0, 2268}, /* t3 */
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
    misaligned |= (uintptr_t)model_w_2_constant & 3u;
    return misaligned == 0u;
}
