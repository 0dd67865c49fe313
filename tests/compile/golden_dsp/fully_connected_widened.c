/* fully_connected_widened, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "fully_connected_widened_s8_dsp.h"

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

const char model_sha256[65] = "b031eadc9b558eb7ab56de6b4358ca81cc998f1a22f35e2081b37d547a453661";
const char model_name[] = "fully_connected_widened";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, byte pairs */
static const int32_t model_w_0_weights[72] ALIGNED(4) = {
    -302587402, -219599546, 366596261, 670619673, -151980673, 502536728, 15936266, -2131426217, 565575214,
    568132378, 151797461, -1542793994, -707775968, 873911952, 436336364, -1632231393, -1293549846,
    -1310975517, 1279848207, 4114396, 852566474, 166868670, 272572944, -234216987, 1126527757, 113637173,
    -1545846027, 1322525488, 404287750, -803397412, -1727339269, -144949758, -182577701, -251598080,
    -420319420, 637590272, 400607980, 620817920, 634831894, 486603008, -215546036, 787433826, -102086750,
    -485957121, 1630610438, -904800991, 774891302, 117432294, 488383022, 838924544, -11947769, 956353024,
    -621530356, -100620288, 263781641, -788527360, -508550888, 124250077, -67843093, 469246205, 147449593,
    -83965178, -753119739, 40325143, 1703894, 0, 2949087, 0, 2097186, 0, 65590, 0
};

/* t3, rectified */
static const int32_t model_w_0_bias[36] ALIGNED(4) = {
    314057, -1770369, 5799242, -1466857, -4623771, 6382349, -6419698, -6770544, 133057, 5944277, -4351108,
    -2883180, 3289784, 3287109, 2896261, 4168035, -2329436, 2619767, 0, -2145645, 6829780, 6784475,
    3071143, -1107161, 820741, 954414, 0, -1401760, -4459441, -2782305, 6001271, 1794648, 4427185, 0, 0, 0
};

/* t3, rectified */
static const int32_t model_t_0_stage[36] ALIGNED(4) = {
    1006802230, 982370263, 287085210, 698946329, 438328702, 336439576, 338076473, 838838363, 1053268860,
    573165301, 474204956, 564997261, 879726543, 784599764, 304556208, 374127588, 927842240, 551985290,
    8388608, 818802129, 673493998, 770748332, 593708333, 382941811, 361165107, 1104672831, 8388608,
    726163420, 944649008, 384047920, 298049159, 484656854, 440269621, 0, 0, 0
};

/* 0 FULLY_CONNECTED t3 */
static const struct chipcast_fully_connected_widened_s8_dsp_params model_layer_0_0 = {
    .input_channels = 8,
    .output_channels = 33,
    .weights = model_w_0_weights,
    .bias = model_w_0_bias,
    .table = model_t_0_stage,
    .groups = 2,
    .any_sign = 0,
    .shift = 13,
    .minimum = -128,
    .maximum = 127,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 64, bytes + 0, 8); /* t0 */
}

void model_run(void)
{
    /* 0 FULLY_CONNECTED t3 */
    chipcast_fully_connected_widened_s8_dsp(&model_layer_0_0, model_arena + 64, model_arena + 0, (uint32_t *)(void *)(model_arena + 48));
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 33); /* t3 */
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
    {0, 0, 33}, /* t3 */
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
