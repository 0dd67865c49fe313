/* conv_2d_sparse, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "conv_2d_sparse_s8_dsp.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_TIMED(layer) chipcast_layer_done(layer)
#else
#define LAYER_TIMED(layer) ((void)0)
#endif

#ifdef CHIPCAST_TENSORS
static uint16_t model_last_layer = UINT16_MAX;
#define LAYER_DONE(layer)                      \
    do {                                       \
        LAYER_TIMED(layer);                    \
        if (model_last_layer == (layer)) { \
            return;                            \
        }                                      \
    } while (0)
#else
#define LAYER_DONE(layer) LAYER_TIMED(layer)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "984cecac1a3eb6a4b26af89a46e2d543a5f1cbe1af53b931fd6b229d0f239ba6";
const char model_name[] = "conv_2d_sparse";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, weights that are not zero */
static const int8_t model_w_0_weights[176] ALIGNED(4) = {
    22, -122, 23, -85, 28, 95, 31, 92, 29, -101, 0, 0, 24, -111, 26, 115, 28, -96, 0, 0, 4, 89, 21, 127,
    31, -122, 0, 0, 6, 82, 7, 91, 13, 84, 0, 0, 7, -91, 18, 82, 14, -111, 15, 127, 16, -103, 0, 0, 16, 96,
    0, 0, 17, 89, 24, -103, 7, 83, 0, 0, 2, 115, 15, -96, 19, 98, 0, 0, 10, 103, 15, -90, 23, 84, 0, 0, 23,
    -85, 25, 85, 29, -89, 0, 0, 9, -123, 12, -127, 24, 85, 27, 84, 0, 98, 17, 123, 18, 83, 22, -85, 17,
    -98, 19, -95, 22, -94, 24, 82, 28, -97, 0, 0, 15, -123, 28, -127, 29, -90, 0, 0, 2, -104, 3, 91, 31,
    -81, 0, 0, 7, -99, 9, -97, 0, -117, 0, 0, 15, -98, 26, 127, 23, 100, 28, 95, 31, -97, 0, 0, 7, -81, 13,
    81, 27, 82, 0, 0, 9, -82, 20, -95, 27, 84, 0, 0, 16, 102, 27, 99, 2, -109, 10, -116, 19, -87, 26, 114
};

/* t3, weights that are not zero */
static const uint8_t model_w_0_counts[32] ALIGNED(4) = {
    2, 0, 1, 1, 1, 2, 2, 1, 1, 0, 1, 1, 1, 0, 1, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, 2, 2, 2, 1, 2
};

/* t3, rectified */
static const int32_t model_w_0_bias[32] ALIGNED(4) = {
    -780649, 163577856, -1885922, 3614894, 1394547, -1005276, 257506, 2425367, -1930599, 67108864, 3440180,
    1444335, 320895, 0, -730100, -4493162, -911405, 3874993, 3861323, 792599, 1519228, 3139566, 3327343,
    2032914, 170739, 2415041, 829207, -2809671, -3694778, 3996541, 1269750, -152741
};

/* t3, rectified */
static const int32_t model_t_0_stage[32] ALIGNED(4) = {
    870018816, 16777216, 1536674155, 1830161801, 1531413852, 912924940, 1541055740, 1343595007, 1002770905,
    16777216, 678992496, 1295271153, 643139854, 16777216, 1488751554, 1208754894, 1137003773, 697948414,
    576581963, 511762137, 520657225, 673266960, 1057817653, 878482957, 647936107, 742827879, 925450810,
    1477962929, 1212163178, 516749376, 951821901, 631878857
};

/* 0 CONV_2D t3 */
static const struct chipcast_conv_2d_sparse_s8_dsp_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 1,
    .input_width = 125,
    .input_channels = 32,
    .output_height = 1,
    .output_width = 125,
    .output_channels = 32,
    .filter_height = 1,
    .filter_width = 1,
    .stride_height = 1,
    .stride_width = 1,
    .dilation_height = 1,
    .padding_top = 0,
    .padding_left = 0,
    .input_zero_point = 65,
    .runs = 1,
    .weights = model_w_0_weights,
    .counts = model_w_0_counts,
    .bias = model_w_0_bias,
    .table = model_t_0_stage,
    .any_sign = 0,
    .shift = 14,
    .minimum = -128,
    .maximum = 127,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 4000); /* t0 */
}

void model_run(void)
{
    /* 0 CONV_2D t3 */
    chipcast_conv_2d_sparse_s8_dsp(&model_layer_0_0, model_arena + 0, model_arena + 0, (uint32_t *)(void *)(model_arena + 4000));
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 4000); /* t3 */
}

#define ARENA_PAINT 0x5A

void model_paint_arena(void)
{
    memset(model_arena, ARENA_PAINT, sizeof model_arena);
}

uint32_t model_arena_used(void)
{
    uint32_t used = MODEL_ARENA_BYTES;
    while (used > 0u && model_arena[used - 1u] == ARENA_PAINT) {
        used--;
    }
    return used;
}

#ifdef CHIPCAST_TENSORS
void model_run_to(uint16_t layer)
{
    model_last_layer = layer;
    model_run();
    model_last_layer = UINT16_MAX;
}

static const struct {
    uint16_t layer;
    uint32_t offset, bytes;
} model_layer_outputs[] = {
    {0, 0, 4000}, /* t3 */
    {UINT16_MAX, 0, 0},
};

const uint8_t *model_layer_output(uint16_t layer, uint16_t output, uint32_t *bytes)
{
    for (uint32_t i = 0; model_layer_outputs[i].layer != UINT16_MAX; i++) {
        if (model_layer_outputs[i].layer == layer && output-- == 0u) {
            *bytes = model_layer_outputs[i].bytes;
            return (const uint8_t *)model_arena + model_layer_outputs[i].offset;
        }
    }
    return 0;
}
#endif

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    misaligned |= (uintptr_t)model_w_0_weights & 3u;
    misaligned |= (uintptr_t)model_w_0_counts & 3u;
    misaligned |= (uintptr_t)model_w_0_bias & 3u;
    misaligned |= (uintptr_t)model_t_0_stage & 3u;
    return misaligned == 0u;
}
