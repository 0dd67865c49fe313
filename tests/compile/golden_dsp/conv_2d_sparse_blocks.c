/* conv_2d_sparse_blocks, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "conv_2d_sparse_blocks_s8_dsp.h"

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

const char model_sha256[65] = "1af7d8fa100728ca1a50c212df5ad8268367cc7b2a7e059db729b738a60bb96e";
const char model_name[] = "conv_2d_sparse_blocks";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, blocks of four that are not zero */
static const int32_t model_w_0_weights[70] ALIGNED(4) = {
    488380438, -940038010, -1859697388, -842083233, 446416944, 5383, 2129000917, 466330971, 0, 0,
    487854095, 1088549759, 1603871304, 1055060400, 750043845, 521672460, -506248487, 834340936, 1608528025,
    -971515892, 252315912, 994388664, 327491543, 665199719, 348146896, 387256592, 702951110, 2062282941,
    -1420537912, -333427783, 6424, 1429017142, -686740651, 0, 0, 235209731, -659544385, -405871525,
    633347255, 908840780, 370348303, 765363435, -282128818, -559797343, -416498216, 522001432, -2137017262,
    147588921, 213820950, -1362212076, 84082944, -1339389143, 1085858072, -793768259, -972799019,
    437719815, 457657757, 1329123898, 164361278, -260086728, 201984258, -1380324147, 589140774,
    -1094573315, 1294437319, 1774610, -1597954367, -1003962658, 21586, 64355
};

/* t3, blocks of four that are not zero */
static const uint8_t model_w_0_counts[8] ALIGNED(4) = {
    1, 1, 1, 1, 3, 3, 2, 2
};

/* t3, rectified */
static const int32_t model_w_0_bias[32] ALIGNED(4) = {
    300954, 5232984, -3666400, 4862894, 961905, -1454559, 3901666, 3323927, -1431400, 152608, 4488500,
    1144815, 3732094, -5099532, 18702, -1880680, -179246, -3679567, 7522124, -821481, 7293308, 2124527,
    -1281936, 2864912, -1709580, 2564801, -2182633, -3857992, 1513540, 4162941, 2051830, 596059
};

/* t3, rectified */
static const int32_t model_t_0_stage[32] ALIGNED(4) = {
    870018816, 814721877, 1536674155, 1830161801, 1531413852, 912924940, 1541055740, 1343595007,
    1002770905, 629690884, 678992496, 1295271153, 643139854, 1061730503, 1488751554, 1208754894,
    1137003773, 697948414, 576581963, 511762137, 520657225, 673266960, 1057817653, 878482957, 647936107,
    742827879, 925450810, 1477962929, 1212163178, 516749376, 951821901, 631878857
};

/* 0 CONV_2D t3 */
static const struct chipcast_conv_2d_sparse_blocks_s8_dsp_params model_layer_0_0 = {
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
    chipcast_conv_2d_sparse_blocks_s8_dsp(&model_layer_0_0, model_arena + 0, model_arena + 0, (uint32_t *)(void *)(model_arena + 4000));
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
