/* winograd_4x4, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "winograd_4x4_s8_dsp.h"

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

const char model_sha256[65] = "147a80bf85375c1f6883cdb8ba32adf89add75827a8699fbca035dc8c825cc29";
const char model_name[] = "winograd_4x4";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, transformed */
static const int32_t model_w_0_weights[576] ALIGNED(4) = {
    -2296856, 0, 0, 0, 259587808, 0, 0, 0, 54265572, 0, 0, 0, 1440, 0, 0, 0, 16973440, 0, 0, 0, 96731406,
    0, 0, 0, 29885286, 0, 0, 0, 366, 0, 0, 0, 36634372, 0, 0, 0, 67633578, 0, 0, 0, 33030258, 0, 0, 0, 534,
    0, 0, 0, 88473744, 0, 0, 0, 228066660, 0, 0, 0, 95553330, 0, 0, 0, 912, 0, 0, 0, 127795608, 0, 0, 0,
    169871004, 0, 0, 0, 101843274, 0, 0, 0, 1248, 0, 0, 0, 162792612, 0, 0, 0, 233572680, 0, 0, 0,
    134481060, 0, 0, 0, 1260, 0, 0, 0, -24707444, 0, 0, 0, 55443678, 0, 0, 0, -8650206, 0, 0, 0, 216, 0, 0,
    0, 196652, 0, 0, 0, 23593044, 0, 0, 0, 4718746, 0, 0, 0, 84, 0, 0, 0, 851982, 0, 0, 0, 20971602, 0, 0,
    0, 4587672, 0, 0, 0, 124, 0, 0, 0, 13828428, 0, 0, 0, 64028895, 0, 0, 0, 23069013, 0, 0, 0, 268, 0, 0,
    0, 15139088, 0, 0, 0, 58786011, 0, 0, 0, 22806865, 0, 0, 0, 348, 0, 0, 0, 27918882, 0, 0, 0, 78250260,
    0, 0, 0, 36569460, 0, 0, 0, 408, 0, 0, 0, -29491188, 0, 0, 0, 22478614, 0, 0, 0, 12583470, 0, 0, 0,
    168, 0, 0, 0, -9961558, 0, 0, 0, 16449516, 0, 0, 0, -4718394, 0, 0, 0, 65502, 0, 0, 0, -982936, 0, 0,
    0, 4587630, 0, 0, 0, 14287048, 0, 0, 0, 234, 0, 0, 0, -16253088, 0, 0, 0, 42533031, 0, 0, 0, -6159869,
    0, 0, 0, 48, 0, 0, 0, 1769692, 0, 0, 0, 18940331, 0, 0, 0, 31851015, 0, 0, 0, 584, 0, 0, 0, -3538902,
    0, 0, 0, 40501752, 0, 0, 0, 16122492, 0, 0, 0, 432, 0, 0, 0, -102628932, 0, 0, 0, 58982976, 0, 0, 0,
    -40499934, 0, 0, 0, 96, 0, 0, 0, -17891090, 0, 0, 0, 38797409, 0, 0, 0, -5504799, 0, 0, 0, 35, 0, 0, 0,
    -16711408, 0, 0, 0, 33685647, 0, 0, 0, 11534935, 0, 0, 0, 339, 0, 0, 0, -19070212, 0, 0, 0, 120586386,
    0, 0, 0, 15270505, 0, 0, 0, 396, 0, 0, 0, -16710848, 0, 0, 0, 110362862, 0, 0, 0, 49349973, 0, 0, 0,
    1004, 0, 0, 0, -1178562, 0, 0, 0, 158466192, 0, 0, 0, 58590342, 0, 0, 0, 1026, 0, 0, 0, -112065348, 0,
    0, 0, -7012688, 0, 0, 0, 1967418, 0, 0, 0, 0, 0, 0, 0, -38273046, 0, 0, 0, 24444817, 0, 0, 0,
    -24379079, 0, 0, 0, 65335, 0, 0, 0, -20381244, 0, 0, 0, 917703, 0, 0, 0, 30933687, 0, 0, 0, 559, 0, 0,
    0, -79298780, 0, 0, 0, 77594658, 0, 0, 0, -43187259, 0, 0, 0, 65492, 0, 0, 0, -43449640, 0, 0, 0,
    30671502, 0, 0, 0, 67438273, 0, 0, 0, 1476, 0, 0, 0, -64094130, 0, 0, 0, 82969176, 0, 0, 0, 17696406,
    0, 0, 0, 1074, 0, 0, 0, -160430112, 0, 0, 0, -25952004, 0, 0, 0, -42465780, 0, 0, 0, 65248, 0, 0, 0,
    -46399230, 0, 0, 0, 23265202, 0, 0, 0, -29884230, 0, 0, 0, 65320, 0, 0, 0, -36961698, 0, 0, 0, 9044118,
    0, 0, 0, 23593902, 0, 0, 0, 540, 0, 0, 0, -95944332, 0, 0, 0, 91684654, 0, 0, 0, -44825898, 0, 0, 0,
    36, 0, 0, 0, -77069268, 0, 0, 0, 63308022, 0, 0, 0, 62130366, 0, 0, 0, 1548, 0, 0, 0, -89652672, 0, 0,
    0, 122748892, 0, 0, 0, 23594796, 0, 0, 0, 1260, 0, 0, 0
};

/* t3, any sign */
static const int32_t model_w_0_bias[1] ALIGNED(4) = {
    -204088
};

/* t3, any sign */
static const int32_t model_t_0_stage[3] ALIGNED(4) = {
    1800476462, 19328, 8
};

/* 0 CONV_2D t3 */
static const struct chipcast_winograd_4x4_s8_dsp_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 10,
    .input_width = 7,
    .input_channels = 7,
    .output_height = 8,
    .output_width = 5,
    .output_channels = 1,
    .padding_top = 0,
    .padding_left = 0,
    .input_zero_point = 0,
    .weights = model_w_0_weights,
    .bias = model_w_0_bias,
    .table = model_t_0_stage,
    .words = 4,
    .any_sign = 1,
    .zero = 0,
    .minimum = -128,
    .maximum = 127,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 3280, bytes + 0, 490); /* t0 */
}

void model_run(void)
{
    /* 0 CONV_2D t3 */
    chipcast_winograd_4x4_s8_dsp(&model_layer_0_0, model_arena + 3280, model_arena + 3280, (uint32_t *)(void *)(model_arena + 0), (uint32_t *)(void *)(model_arena + 960), (int32_t *)(void *)(model_arena + 2112), model_arena + 3264);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 3280, 40); /* t3 */
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
    {0, 3280, 40}, /* t3 */
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
    misaligned |= (uintptr_t)model_w_0_bias & 3u;
    misaligned |= (uintptr_t)model_t_0_stage & 3u;
    return misaligned == 0u;
}
