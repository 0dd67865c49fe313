/* add, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "add_broadcast_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "81cd51a788ec591aaaa0a386574938d64be6428ee1a879cd63960c639d14a87b";
const char model_name[] = "add";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t1 */
static const int8_t model_w_1_constant[6] ALIGNED(4) = {
    -98, -9, 81, -51, -41, -57
};

/* 0 ADD t2 */
static const struct chipcast_add_broadcast_s8_params model_layer_0_0 = {
    .extent = {1, 1, 6, 16},
    .input1_stride = {0, 0, 1, 0},
    .input2_stride = {0, 0, 16, 1},
    .input1_zero_point = 127,
    .input1_multiplier = 1858947621,
    .input1_shift = -6,
    .input2_zero_point = 101,
    .input2_multiplier = 1073741824,
    .input2_shift = 0,
    .output_zero_point = 0,
    .output_multiplier = 2120573006,
    .output_shift = -19,
    .activation_min = -5,
    .activation_max = 5,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 96); /* t0 */
}

void model_run(void)
{
    /* 0 ADD t2 */
    chipcast_add_broadcast_s8(&model_layer_0_0, model_w_1_constant, model_arena + 0, model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 96); /* t2 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    misaligned |= (uintptr_t)model_w_1_constant & 3u;
    return misaligned == 0u;
}
