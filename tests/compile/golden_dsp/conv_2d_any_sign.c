/* conv_2d_any_sign, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "conv_2d_s8_dsp.h"

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

const char model_sha256[65] = "39a00ab942c28128026961382f4f5467ea94abd5e4e7143571e10a9e8ad88b1f";
const char model_name[] = "conv_2d_any_sign";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, byte pairs with biases and multipliers, any sign */
static const int32_t model_w_0_blocks[78] ALIGNED(4) = {
    0, 0, -255997170, -702810612, 811946775, -523374558, -1275995478, 385102297, -1445399246, -29607031,
    605148130, 1210963918, 1828453346, -1224859592, -452931005, -254200576, -120050514, 284401412,
    -588137181, 136626942, -905331551, 652196892, 940113853, -587666651, 120447020, 1326529501, 383518507,
    470549759, -34131244, 233245434, 803273762, 422269667, 585497382, -117742857, -420147236, -8271018,
    385491942, -85139958, 66306141, 367853131, 135609577, -1025966080, -184476971, 639554108, 908328943,
    -401395155, 334496965, -188138943, -1291266242, -1373380059, 36719142, 807544328, 1711863838,
    537001979, 466837759, 909050753, 825689358, -117831866, 106777565, 617019887, 922417607, 705561610,
    -7396, -116464, 12898, -52252, 1967857406, 27392, 9, 1440223529, 54784, 10, 1642065952, 54784, 10,
    1996202778, 54784, 10
};

/* 0 CONV_2D t3 */
static const struct chipcast_conv_2d_s8_dsp_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 8,
    .input_width = 5,
    .input_channels = 20,
    .output_height = 3,
    .output_width = 2,
    .output_channels = 4,
    .filter_height = 3,
    .filter_width = 1,
    .stride_height = 3,
    .stride_width = 3,
    .dilation_height = 1,
    .padding_top = 0,
    .padding_left = 0,
    .input_zero_point = 127,
    .blocks = model_w_0_blocks,
    .groups = 15,
    .any_sign = 1,
    .minimum = -128,
    .maximum = 127,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 800); /* t0 */
}

void model_run(void)
{
    /* 0 CONV_2D t3 */
    chipcast_conv_2d_s8_dsp(&model_layer_0_0, model_arena + 0, model_arena + 0, (uint32_t *)(void *)(model_arena + 800), model_arena + 800);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 24); /* t3 */
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
    {0, 0, 24}, /* t3 */
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
    misaligned |= (uintptr_t)model_w_0_blocks & 3u;
    return misaligned == 0u;
}
