/* l2_normalization, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "l2_normalization_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "68664f4b22b8548e9cc14cc13ca8b4732648aca9339adc25b6e4a1262b31d0ee";
const char model_name[] = "l2_normalization";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 L2_NORMALIZATION t1 */
static const struct chipcast_l2_normalization_s8_params model_layer_0_0 = {
    .rows = 24,
    .depth = 4,
    .input_zero_point = 101,
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
    /* 0 L2_NORMALIZATION t1 */
    chipcast_l2_normalization_s8(&model_layer_0_0, model_arena + 0, model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 96); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
