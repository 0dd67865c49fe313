/* conv_2d, compiled by chipcast. Generated: change the model, not this file. */
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

const char model_sha256[65] = "03c18f19bcafee4c9c3c19e8cd9874146cd12eb854c4175eb74c22454a284e54";
const char model_name[] = "conv_2d";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, byte pairs with biases and multipliers, saturated */
static const int32_t model_w_0_blocks[168] ALIGNED(4) = {
    -13434639, -8947232, -837088263, 395003, 151180266, 670539745, 569699059, 167900454, -1241511203,
    534832130, -215151884, 152968725, -611961030, -448440111, 669852075, 85785019, -267777288, -9175919,
    -338772726, 622528467, 586152799, -438651704, -904001188, 991480553, 669628189, 367926512, 335542,
    2128217869, 331997960, 670225912, 198513889, 63818965, -67361027, -1177559808, -1695943676, 922617922,
    -98881534, 722987774, 249233704, -1223457299, -484327410, 839713270, 500180713, -807073844, 925497896,
    1372592422, -1141763841, 290020055, 1325586632, -506736658, -9148084, -3154789, 51835553, 133482464,
    43192025, 107915102, -7307979, -9634325, 1409351431, -538183458, -735525216, 98167327, -485821707,
    -593149, -182446364, 249118996, -888543458, 1087515420, -337249703, -469569103, 50722554, -83960893,
    -218107651, -1054281727, -98229752, 1058012631, -504958795, -74337052, 389801931, -287317121,
    -854145251, -165161247, 310369799, -132329218, -299364394, -383330640, 201630925, 18229740,
    -1078324515, 349647603, -852024568, -18693100, 69984235, 364977417, -1212680314, 204294134, 1379010818,
    -821651239, 466674952, -368305373, -263013607, 148751622, -49213605, -604890082, 182644944, -421199024,
    -8947232, 1198350, 107915102, 118513832, 48451819, 57468064, -15316872, -6674755, 548670248,
    -285078512, -1037641472, 422053869, 1492248339, 15966304, -1205474521, -1040053719, 283777232,
    -805805590, 891169306, -905330211, 587125549, 507327059, -905799457, 441505794, 784986422, -467661820,
    655739680, 1257096520, 78962722, -118045172, -102225568, 603446017, 466223932, -807924986, 236451523,
    721428756, -468127698, 1159469499, 218442978, 1728559116, -382921916, 1055055117, 1305953024,
    -1124793573, -499972104, -434985449, 437974780, -428620243, -853343778, -935781636, -419705313,
    435817517, 1035264500, 755454939, 654848247, 20067787, -16003834, -25443869, 91474959, 50996320,
    62090503, 48342242
};

/* 0 CONV_2D t3 */
static const struct chipcast_conv_2d_s8_dsp_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 7,
    .input_width = 9,
    .input_channels = 8,
    .output_height = 4,
    .output_width = 5,
    .output_channels = 11,
    .filter_height = 2,
    .filter_width = 3,
    .stride_height = 2,
    .stride_width = 2,
    .dilation_height = 2,
    .padding_top = 1,
    .padding_left = 1,
    .input_zero_point = 64,
    .blocks = model_w_0_blocks,
    .groups = 12,
    .any_sign = 0,
    .minimum = -128,
    .maximum = 127,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 504); /* t0 */
}

void model_run(void)
{
    /* 0 CONV_2D t3 */
    chipcast_conv_2d_s8_dsp(&model_layer_0_0, model_arena + 0, model_arena + 0, (uint32_t *)(void *)(model_arena + 512), model_arena + 512);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 220); /* t3 */
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
    {0, 0, 220}, /* t3 */
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
