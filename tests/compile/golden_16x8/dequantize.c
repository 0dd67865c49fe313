/* dequantize, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "dequantize_s16_f32.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "1a8f01bb7fcadd8bfcf1795ec1f0077c1d454f077d22970e58850fbd8229c8ec";
const char model_name[] = "dequantize";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 DEQUANTIZE t1 */
static const struct chipcast_dequantize_s16_f32_params model_layer_0_0 = {
    .elements = 378,
    .scale = 0x1.6aaa460000000p-14f,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 1520, bytes + 0, 756); /* t0 */
}

void model_run(void)
{
    /* 0 DEQUANTIZE t1 */
    chipcast_dequantize_s16_f32(&model_layer_0_0, (int16_t *)(void *)(model_arena + 1520), model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 1512); /* t1 */
    memcpy(bytes + 1512, model_arena + 1520, 756); /* t0 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
