/* conv_2d_mul32, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "conv_2d_s8_by_four.h"

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
const char model_name[] = "conv_2d_mul32";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, four channels by turns */
static const uint8_t model_w_0_weights[576] ALIGNED(4) = {
    121, 140, 123, 135, 106, 84, 97, 32, 155, 78, 134, 128, 130, 137, 119, 168, 115, 107, 166, 117, 93,
    139, 130, 100, 116, 162, 129, 138, 128, 54, 96, 160, 116, 139, 149, 158, 186, 183, 81, 217, 173, 115,
    158, 137, 6, 92, 197, 101, 43, 162, 59, 122, 120, 139, 17, 125, 109, 168, 156, 133, 138, 112, 243, 127,
    138, 61, 83, 136, 223, 123, 72, 53, 78, 108, 155, 165, 111, 163, 90, 102, 220, 137, 105, 75, 157, 55,
    112, 157, 158, 74, 152, 187, 105, 168, 110, 150, 54, 159, 141, 135, 136, 99, 120, 86, 133, 128, 90,
    255, 73, 148, 114, 168, 97, 149, 85, 77, 125, 167, 128, 93, 85, 140, 77, 132, 124, 124, 79, 58, 132,
    116, 194, 136, 130, 176, 126, 107, 105, 27, 126, 183, 155, 122, 151, 171, 168, 129, 109, 6, 142, 64,
    118, 130, 91, 143, 147, 55, 161, 99, 141, 178, 105, 167, 76, 136, 168, 122, 166, 153, 80, 158, 101, 80,
    169, 183, 80, 210, 127, 145, 87, 219, 72, 89, 110, 80, 114, 60, 201, 145, 130, 207, 75, 98, 135, 127,
    94, 121, 32, 71, 159, 106, 128, 212, 107, 96, 168, 84, 89, 134, 117, 115, 131, 115, 100, 151, 148, 193,
    138, 99, 118, 128, 160, 117, 89, 143, 158, 103, 156, 171, 217, 122, 49, 114, 137, 75, 82, 193, 101,
    108, 130, 100, 122, 119, 67, 92, 125, 113, 129, 112, 133, 131, 126, 123, 127, 115, 168, 65, 136, 162,
    87, 126, 53, 113, 100, 53, 165, 122, 143, 191, 102, 98, 17, 124, 75, 104, 255, 99, 157, 71, 97, 87,
    187, 151, 95, 111, 150, 77, 167, 118, 135, 94, 126, 81, 86, 144, 48, 87, 255, 146, 156, 120, 168, 110,
    166, 105, 77, 37, 108, 170, 93, 147, 115, 179, 132, 140, 150, 129, 58, 64, 87, 149, 136, 163, 148, 68,
    107, 96, 137, 157, 183, 77, 98, 127, 171, 132, 65, 150, 6, 120, 118, 200, 130, 137, 89, 25, 55, 56,
    173, 140, 178, 210, 134, 79, 136, 101, 163, 155, 153, 59, 134, 69, 80, 156, 140, 106, 210, 112, 93,
    137, 219, 143, 158, 156, 80, 113, 208, 131, 145, 125, 114, 92, 98, 139, 101, 103, 168, 139, 144, 140,
    128, 89, 109, 136, 52, 161, 130, 111, 166, 66, 168, 153, 147, 103, 224, 32, 167, 107, 169, 138, 113,
    217, 115, 129, 165, 56, 130, 66, 80, 153, 106, 226, 154, 170, 93, 66, 106, 145, 120, 80, 158, 181, 137,
    74, 173, 83, 211, 178, 95, 25, 130, 88, 126, 163, 189, 158, 130, 74, 208, 154, 182, 113, 132, 140, 160,
    75, 200, 69, 73, 175, 160, 100, 149, 167, 109, 203, 162, 96, 140, 70, 224, 169, 129, 91, 52, 133, 118,
    121, 104, 122, 119, 164, 188, 131, 134, 139, 67, 119, 148, 161, 74, 156, 88, 80, 151, 142, 128, 171,
    174, 112, 59, 154, 98, 173, 140, 56, 152, 100, 156, 197, 133, 141, 135, 231, 196, 147, 141, 93, 128,
    195, 155, 131, 173, 105, 98, 191, 87, 206, 117, 61, 120, 136, 151, 38, 124, 119, 173, 70, 179, 98, 146,
    102, 154, 154, 243, 102, 94, 130, 124, 155, 159, 78, 173, 140, 163, 77, 185, 72, 123, 103, 122, 154,
    116, 98, 91, 212, 119, 177, 75, 182, 52, 190, 135, 173, 136, 167, 178, 129
};

/* t3, split */
static const int32_t model_t_0_stage[24] ALIGNED(4) = {
    6966740, 12958888, 2335975, 10798006, 13081951, 16685308, -4843793, 13489388, -4843793, 13489388,
    16431851, 12112955, 14279864, 14814229, 8949363, 14367016, -12296163, 11434370, -8572100, 15522626,
    -26907550, 12749080, 5067502, 12085561
};

/* t3, split */
static const int8_t model_t_0_shift[12] ALIGNED(4) = {
    16, 16, 15, 15, 15, 16, 15, 16, 15, 16, 16, 16
};

/* 0 CONV_2D t3 */
static const struct chipcast_conv_2d_s8_by_four_params model_layer_0_0 = {
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
    .weights = model_w_0_weights,
    .stage_kind = 1,
    .table = model_t_0_stage,
    .shift = model_t_0_shift,
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
    chipcast_conv_2d_s8_by_four(&model_layer_0_0, model_arena + 0, model_arena + 0, model_arena + 512);
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
    misaligned |= (uintptr_t)model_t_0_shift & 3u;
    return misaligned == 0u;
}
