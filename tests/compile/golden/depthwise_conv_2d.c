/* depthwise_conv_2d, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "depthwise_conv_2d_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "4a462f16afa32af9c5037d86ab2d6b25dfe59271d00d70cfc516b197331c98ff";
const char model_name[] = "depthwise_conv_2d";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3 */
static const int8_t model_w_0_weights[12] ALIGNED(4) = {
    56, -63, 125, -14, -6, 1, 21, 14, 2, 126, 78, 75
};

/* t3, zero point folded in */
static const int32_t model_w_0_bias[12] ALIGNED(4) = {
    -3653, 6225, -13791, 2828, -786, 1363, -1660, -2993, -2070, -12952, -9780, -9044
};

/* t3 */
static const int32_t model_t_0_multiplier[1] ALIGNED(4) = {
    1484130627
};

/* t3 */
static const int8_t model_t_0_shift[1] ALIGNED(4) = {
    -6
};

/* 0 DEPTHWISE_CONV_2D t3 */
static const struct chipcast_depthwise_conv_2d_s8_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 6,
    .input_width = 4,
    .input_channels = 4,
    .output_height = 6,
    .output_width = 2,
    .depth_multiplier = 3,
    .filter_height = 1,
    .filter_width = 1,
    .stride_height = 1,
    .stride_width = 2,
    .dilation_height = 1,
    .dilation_width = 1,
    .padding_top = 0,
    .padding_left = 0,
    .input_zero_point = 101,
    .output_zero_point = 3,
    .activation_min = -68,
    .activation_max = 74,
    .requantise_step = 0,
    .weights = model_w_0_weights,
    .bias = model_w_0_bias,
    .multiplier = model_t_0_multiplier,
    .shift = model_t_0_shift,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 144, bytes + 0, 96); /* t0 */
}

void model_run(void)
{
    /* 0 DEPTHWISE_CONV_2D t3 */
    chipcast_depthwise_conv_2d_s8(&model_layer_0_0, model_arena + 144, model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 144); /* t3 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    misaligned |= (uintptr_t)model_w_0_weights & 3u;
    misaligned |= (uintptr_t)model_w_0_bias & 3u;
    misaligned |= (uintptr_t)model_t_0_multiplier & 3u;
    misaligned |= (uintptr_t)model_t_0_shift & 3u;
    return misaligned == 0u;
}
