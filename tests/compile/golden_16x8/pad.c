/* pad, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "pad_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "ef02f7404deca584cb9d4fd5d53a5bc652a794a4e0f1e12901a7deacee90e0a1";
const char model_name[] = "pad";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 PAD t1 */
static const struct chipcast_pad_s8_params model_layer_0_0 = {
    .input_extent = {1, 1, 1, 63, 12},
    .before = {0, 0, 0, 18, 4},
    .output_extent = {1, 1, 1, 90, 20},
    .value = 0,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 1808, bytes + 0, 756); /* t0 */
}

void model_run(void)
{
    /* 0 PAD t1 */
    chipcast_pad_s8(&model_layer_0_0, model_arena + 1808, model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 1800); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
