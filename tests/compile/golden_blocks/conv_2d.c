/* conv_2d, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "conv_2d_s8_by_two.h"

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

/* t3, four channels by turns */
static const int8_t model_w_0_weights[576] ALIGNED(4) = {
    -7, 12, -5, 7, -22, -44, -31, -96, 27, -50, 6, 0, 2, 9, -9, 40, -13, -21, 38, -11, -35, 11, 2, -28,
    -12, 34, 1, 10, 0, -74, -32, 32, -12, 11, 21, 30, 58, 55, -47, 89, 45, -13, 30, 9, -122, -36, 69, -27,
    -85, 34, -69, -6, -8, 11, -111, -3, -19, 40, 28, 5, 10, -16, 115, -1, 10, -67, -45, 8, 95, -5, -56,
    -75, -50, -20, 27, 37, -17, 35, -38, -26, 92, 9, -23, -53, 29, -73, -16, 29, 30, -54, 24, 59, -23, 40,
    -18, 22, -74, 31, 13, 7, 8, -29, -8, -42, 5, 0, -38, 127, -55, 20, -14, 40, -31, 21, -43, -51, -3, 39,
    0, -35, -43, 12, -51, 4, -4, -4, -49, -70, 4, -12, 66, 8, 2, 48, -2, -21, -23, -101, -2, 55, 27, -6,
    23, 43, 40, 1, -19, -122, 14, -64, -10, 2, -37, 15, 19, -73, 33, -29, 13, 50, -23, 39, -52, 8, 40, -6,
    38, 25, -48, 30, -27, -48, 41, 55, -48, 82, -1, 17, -41, 91, -56, -39, -18, -48, -14, -68, 73, 17, 2,
    79, -53, -30, 7, -1, -34, -7, -96, -57, 31, -22, 0, 84, -21, -32, 40, -44, -39, 6, -11, -13, 3, -13,
    -28, 23, 20, 65, 10, -29, -10, 0, 32, -11, -39, 15, 30, -25, 28, 43, 89, -6, -79, -14, 9, -53, -46, 65,
    -27, -20, 2, -28, -6, -9, -61, -36, -3, -15, 1, -16, 5, 3, -2, -5, -1, -13, 40, -63, 8, 34, -41, -2,
    -75, -15, -28, -75, 37, -6, 15, 63, -26, -30, -111, -4, -53, -24, 127, -29, 29, -57, -31, -41, 59, 23,
    -33, -17, 22, -51, 39, -10, 7, -34, -2, -47, -42, 16, -80, -41, 127, 18, 28, -8, 40, -18, 38, -23, -51,
    -91, -20, 42, -35, 19, -13, 51, 4, 12, 22, 1, -70, -64, -41, 21, 8, 35, 20, -60, -21, -32, 9, 29, 55,
    -51, -30, -1, 43, 4, -63, 22, -122, -8, -10, 72, 2, 9, -39, -103, -73, -72, 45, 12, 50, 82, 6, -49, 8,
    -27, 35, 27, 25, -69, 6, -59, -48, 28, 12, -22, 82, -16, -35, 9, 91, 15, 30, 28, -48, -15, 80, 3, 17,
    -3, -14, -36, -30, 11, -27, -25, 40, 11, 16, 12, 0, -39, -19, 8, -76, 33, 2, -17, 38, -62, 40, 25, 19,
    -25, 96, -96, 39, -21, 41, 10, -15, 89, -13, 1, 37, -72, 2, -62, -48, 25, -22, 98, 26, 42, -35, -62,
    -22, 17, -8, -48, 30, 53, 9, -54, 45, -45, 83, 50, -33, -103, 2, -40, -2, 35, 61, 30, 2, -54, 80, 26,
    54, -15, 4, 12, 32, -53, 72, -59, -55, 47, 32, -28, 21, 39, -19, 75, 34, -32, 12, -58, 96, 41, 1, -37,
    -76, 5, -10, -7, -24, -6, -9, 36, 60, 3, 6, 11, -61, -9, 20, 33, -54, 28, -40, -48, 23, 14, 0, 43, 46,
    -16, -69, 26, -30, 45, 12, -72, 24, -28, 28, 69, 5, 13, 7, 103, 68, 19, 13, -35, 0, 67, 27, 3, 45, -23,
    -30, 63, -41, 78, -11, -67, -8, 8, 23, -90, -4, -9, 45, -58, 51, -30, 18, -26, 26, 26, 115, -26, -34,
    2, -4, 27, 31, -50, 45, 12, 35, -51, 57, -56, -5, -25, -6, 26, -12, -30, -37, 84, -9, 49, -53, 54, -76,
    62, 7, 45, 8, 39, 50, 1
};

/* t3, saturated */
static const int32_t model_t_0_stage[24] ALIGNED(4) = {
    -9148084, 51835553, -13434639, 43192025, -3154789, 133482464, -8947232, 107915102, -8947232, 107915102,
    -7307979, 48451819, 1198350, 118513832, -9634325, 57468064, -16003834, 91474959, -15316872, 62090503,
    -25443869, 50996320, -6674755, 48342242
};

/* 0 CONV_2D t3 */
static const struct chipcast_conv_2d_s8_by_two_params model_layer_0_0 = {
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
    .dilation_width = 1,
    .padding_top = 1,
    .padding_left = 1,
    .input_zero_point = 64,
    .pointwise = 0,
    .weights = model_w_0_weights,
    .stage_kind = 0,
    .table = model_t_0_stage,
    .shift = 0,
    .activation_min = -128,
    .activation_max = 127,
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
    chipcast_conv_2d_s8_by_two(&model_layer_0_0, model_arena + 0, model_arena + 0, model_arena + 512);
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
    misaligned |= (uintptr_t)model_w_0_weights & 3u;
    misaligned |= (uintptr_t)model_t_0_stage & 3u;
    return misaligned == 0u;
}
