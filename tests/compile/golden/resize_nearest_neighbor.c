/* resize_nearest_neighbor, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "resize_nearest_neighbor_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "92b194ac63b8100870e982e18210a8bef01470047f2428b93ce63341034f5805";
const char model_name[] = "resize_nearest_neighbor";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t1, input rows of each of the output_s */
static const int16_t model_t_0_rows[6] ALIGNED(4) = {
    0, 1, 2, 3, 4, 5
};

/* t1, input columns of each of the output_s */
static const int16_t model_t_0_columns[2] ALIGNED(4) = {
    0, 3
};

/* 0 RESIZE_NEAREST_NEIGHBOR t1 */
static const struct chipcast_resize_nearest_neighbor_s8_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 6,
    .input_width = 4,
    .channels = 4,
    .output_height = 6,
    .output_width = 2,
    .rows = model_t_0_rows,
    .columns = model_t_0_columns,
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
    /* 0 RESIZE_NEAREST_NEIGHBOR t1 */
    chipcast_resize_nearest_neighbor_s8(&model_layer_0_0, model_arena + 0, model_arena + 96);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 96, 48); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    misaligned |= (uintptr_t)model_t_0_rows & 3u;
    misaligned |= (uintptr_t)model_t_0_columns & 3u;
    return misaligned == 0u;
}
