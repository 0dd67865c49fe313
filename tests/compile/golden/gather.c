/* gather, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "gather_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "16c5759103cf4602d8f8693e5852ec497066e6ae3c7005289658cc17a2abb0ee";
const char model_name[] = "gather";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t2 */
static const int32_t model_w_2_constant[9] ALIGNED(4) = {
    4, 3, 4, 0, 0, 3, 2, 3, 2
};

/* 0 GATHER t1 */
static const struct chipcast_gather_s8_params model_layer_0_0 = {
    .batches = 1,
    .outer = 18,
    .positions = 9,
    .extent = 5,
    .run = 1,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 176, bytes + 0, 90); /* t0 */
}

void model_run(void)
{
    /* 0 GATHER t1 */
    chipcast_gather_s8(&model_layer_0_0, model_arena + 176, model_w_2_constant, model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 162); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    misaligned |= (uintptr_t)model_w_2_constant & 3u;
    return misaligned == 0u;
}
