/* batch_matmul, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "batch_matmul_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "dac4b8f7e32ed1660478ec81e9ab9c9e9304774119ab642f5e55dc9e71eb0327";
const char model_name[] = "batch_matmul";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 BATCH_MATMUL t2 */
static const struct chipcast_batch_matmul_s8_params model_layer_0_0 = {
    .batches = {1, 1, 6},
    .left_batch_stride = {0, 0, 16},
    .right_batch_stride = {0, 0, 0},
    .rows = 4,
    .depth = 4,
    .columns = 2,
    .left_row_stride = 4,
    .left_depth_stride = 1,
    .right_depth_stride = 1,
    .right_column_stride = 4,
    .left_zero_point = 101,
    .right_zero_point = 127,
    .output_zero_point = 0,
    .multiplier = 1265374684,
    .shift = -7,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 96); /* t0 */
    memcpy(model_arena + 144, bytes + 96, 8); /* t1 */
}

void model_run(void)
{
    /* 0 BATCH_MATMUL t2 */
    chipcast_batch_matmul_s8(&model_layer_0_0, model_arena + 0, model_arena + 144, model_arena + 96);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 96, 48); /* t2 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
