/* mul, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "mul_s16.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "73ae84805132790a491f65a3b38838e724fb5c883e0280d2a5fc823de2cfeed0";
const char model_name[] = "mul";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 MUL t1 */
static const struct chipcast_mul_s16_params model_layer_0_0 = {
    .extent = {1, 1, 1, 378},
    .input1_stride = {0, 0, 0, 1},
    .input2_stride = {0, 0, 0, 1},
    .output_multiplier = 1289768948,
    .output_shift = -16,
    .activation_min = 0,
    .activation_max = 32767,
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
    /* 0 MUL t1 */
    chipcast_mul_s16(&model_layer_0_0, (int16_t *)(void *)(model_arena + 0), (int16_t *)(void *)(model_arena + 0), (int16_t *)(void *)(model_arena + 0));
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 756); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
