/* fully_connected, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "fully_connected_s8_dsp.h"

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

const char model_sha256[65] = "4a12541ff668030111da6901e557bae0eaf1c58b74635e5ea515bbc0882a9031";
const char model_name[] = "fully_connected";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, byte pairs */
static const int32_t model_w_0_weights[48] ALIGNED(4) = {
    756741140, -804919114, -2045756952, 684271624, -317084915, -237633823, 165672961, 33343485, -837088775,
    -840365052, -285057302, 152818690, 502553587, 568060712, -385868579, -1239348466, -844021, 505287975,
    333243191, 1161285882, 203953442, 465353489, -68147445, 1934594265, -1695747139, 453432059, -98357253,
    -638072863, 248119561, 402778406, -483868745, -304025598, -2490355, 0, -851976, 0, -3276843, 0,
    -3211264, 0, -131006, 0, 1572862, 0, 1310701, 0, 917494, 0
};

/* t3, rectified */
static const int32_t model_w_0_bias[12] ALIGNED(4) = {
    -2202933, 1247758, 5045114, 5191104, 4829688, 5095099, -5758201, 4411720, 5418701, 0, 0, 0
};

/* t3, rectified */
static const int32_t model_t_0_stage[12] ALIGNED(4) = {
    1558176969, 713604150, 615739536, 1323098462, 485938058, 1130612535, 530554603, 704615050, 563982945,
    0, 0, 0
};

/* 0 FULLY_CONNECTED t3 */
static const struct chipcast_fully_connected_s8_dsp_params model_layer_0_0 = {
    .input_channels = 16,
    .output_channels = 9,
    .weights = model_w_0_weights,
    .bias = model_w_0_bias,
    .table = model_t_0_stage,
    .groups = 4,
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
    memcpy(model_arena + 0, bytes + 0, 16); /* t0 */
}

void model_run(void)
{
    /* 0 FULLY_CONNECTED t3 */
    chipcast_fully_connected_s8_dsp(&model_layer_0_0, model_arena + 0, model_arena + 16);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 16, 9); /* t3 */
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
    {0, 16, 9}, /* t3 */
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
