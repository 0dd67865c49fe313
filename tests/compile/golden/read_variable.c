/* read_variable, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "add_s8.h"
#include "copy_s8.h"

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

const char model_sha256[65] = "e538aafaeb780a50504ae8e958e6f45b3ffbdec5deccd41b3571d979a6624f00";
const char model_name[] = "read_variable";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);
static union {
    int8_t bytes[96];
    int16_t words[48]; /* what some variables hold */
} model_state ALIGNED(16);

/* 2 READ_VARIABLE t2 */
static const struct chipcast_copy_s8_params model_layer_2_0 = {
    .extent = {1, 1, 1, 1},
    .input_stride = {0, 0, 0, 0},
    .output_stride = {0, 0, 0, 0},
    .run = 96,
};

/* 3 ADD t3 */
static const struct chipcast_add_s8_params model_layer_3_0 = {
    .elements = 96,
    .input1_zero_point = 101,
    .input1_multiplier = 1073741824,
    .input1_shift = 0,
    .input2_zero_point = 101,
    .input2_multiplier = 1073741824,
    .input2_shift = 0,
    .output_zero_point = -1,
    .output_multiplier = 1073741824,
    .output_shift = -19,
    .activation_min = -128,
    .activation_max = 127,
};

/* 4 ASSIGN_VARIABLE operator 4 */
static const struct chipcast_copy_s8_params model_layer_4_0 = {
    .extent = {1, 1, 1, 1},
    .input_stride = {0, 0, 0, 0},
    .output_stride = {0, 0, 0, 0},
    .run = 96,
};

void model_reset(void)
{
    memset(model_state.bytes + 0, -71, 96); /* variable 0 */
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 96); /* t0 */
}

void model_run(void)
{
    /* 0 CALL_ONCE operator 0 part of the reset */
    LAYER_DONE(0);
    /* 1 VAR_HANDLE t1 a place in the state area */
    LAYER_DONE(1);
    /* 2 READ_VARIABLE t2 */
    chipcast_copy_s8(&model_layer_2_0, model_state.bytes + 0, model_arena + 96);
    LAYER_DONE(2);
    /* 3 ADD t3 */
    chipcast_add_s8(&model_layer_3_0, model_arena + 0, model_arena + 96, model_arena + 96);
    LAYER_DONE(3);
    /* 4 ASSIGN_VARIABLE operator 4 */
    chipcast_copy_s8(&model_layer_4_0, model_arena + 0, model_state.bytes + 0);
    LAYER_DONE(4);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 96, 96); /* t3 */
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
    {2, 96, 96}, /* t2 */
    {3, 96, 96}, /* t3 */
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
    misaligned |= (uintptr_t)model_state.bytes & 15u;
    return misaligned == 0u;
}
