/* dequantize, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "dequantize_s8_f32.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "57ceb05c95135171a19b4e748a2edd7109407a456f0d2f5ab44a0b2076465422";
const char model_name[] = "dequantize";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 DEQUANTIZE t1 */
static const struct chipcast_dequantize_s8_f32_params model_layer_0_0 = {
    .elements = 5,
    .scale = 0x1.0000000000000p-2f,
    .zero_point = 3,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 32, bytes + 0, 5); /* t0 */
}

void model_run(void)
{
    /* 0 DEQUANTIZE t1 */
    chipcast_dequantize_s8_f32(&model_layer_0_0, model_arena + 32, model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 20); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
