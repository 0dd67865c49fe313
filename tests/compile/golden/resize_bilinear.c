/* resize_bilinear, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "resize_bilinear_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "a03609d980c8993717791e63d753b833e22b244ba538b8151116e72674dfdf8e";
const char model_name[] = "resize_bilinear";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 RESIZE_BILINEAR t1 */
static const struct chipcast_resize_bilinear_s8_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 6,
    .input_width = 4,
    .channels = 4,
    .output_height = 6,
    .output_width = 12,
    .row_step = 1024,
    .row_offset = 0,
    .column_step = 341,
    .column_offset = 0,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 288, bytes + 0, 96); /* t0 */
}

void model_run(void)
{
    /* 0 RESIZE_BILINEAR t1 */
    chipcast_resize_bilinear_s8(&model_layer_0_0, model_arena + 288, model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 288); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
