/* quantize from float, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "add_s16.h"
#include "quantize_f32_s16.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "2ba8e9d739c8b94d86b140b0cb2e9c07a349ce53129a82c5ea5a99e2ddc36ba4";
const char model_name[] = "quantize from float";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 QUANTIZE t2 */
static const struct chipcast_quantize_f32_s16_params model_layer_0_0 = {
    .elements = 378,
    .scale = 0x1.6896ec0000000p-9f,
};

/* 1 ADD t3 */
static const struct chipcast_add_s16_params model_layer_1_0 = {
    .extent = {1, 1, 1, 378},
    .input1_stride = {0, 0, 0, 1},
    .input2_stride = {0, 0, 0, 1},
    .input1_multiplier = 1079922397,
    .input1_shift = -5,
    .input2_multiplier = 1073741824,
    .input2_shift = 0,
    .output_multiplier = 1073741824,
    .output_shift = -14,
    .activation_min = -32768,
    .activation_max = 32767,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 1520, bytes + 0, 756); /* t0 */
    memcpy(model_arena + 0, bytes + 756, 1512); /* t1 */
}

void model_run(void)
{
    /* 0 QUANTIZE t2 */
    chipcast_quantize_f32_s16(&model_layer_0_0, model_arena + 0, (int16_t *)(void *)(model_arena + 2288));
    LAYER_DONE(0);
    /* 1 ADD t3 */
    chipcast_add_s16(&model_layer_1_0, (int16_t *)(void *)(model_arena + 1520), (int16_t *)(void *)(model_arena + 2288), (int16_t *)(void *)(model_arena + 1520));
    LAYER_DONE(1);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 1520, 756); /* t3 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
