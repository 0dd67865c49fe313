/* softmax, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "softmax_s8.h"

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

const char model_sha256[65] = "46387c22641b63a8f81b81654933e2a332f8ab698f4011a659e2df7a4b6d675d";
const char model_name[] = "softmax";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t1, exp(-d) in Q0.31 */
static const int32_t model_t_0_exponential[125] ALIGNED(4) = {
    2147483647, 1738584297, 1407542781, 1139534482, 922557279, 746894399, 604679198, 489543166, 396329882,
    320865248, 259769735, 210307334, 170262995, 137843490, 111596876, 90347865, 73144851, 59217440,
    47941928, 38813366, 31422973, 25439766, 20595815, 16674194, 13499283, 10928903, 8847947, 7163221,
    5799281, 4695048, 3801070, 3077314, 2491366, 2016989, 1632937, 1322012, 1070289, 866497, 701509,
    567936, 459796, 372247, 301368, 243985, 197528, 159917, 129467, 104816, 84858, 68700, 55619, 45029,
    36455, 29514, 23894, 19344, 15661, 12679, 10265, 8310, 6728, 5447, 4410, 3570, 2890, 2340, 1894, 1534,
    1242, 1005, 814, 659, 533, 432, 350, 283, 229, 186, 150, 122, 99, 80, 65, 52, 42, 34, 28, 22, 18, 15,
    12, 10, 8, 6, 5, 4, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0
};

/* 0 SOFTMAX t1 */
static const struct chipcast_softmax_s8_params model_layer_0_0 = {
    .rows = 24,
    .depth = 4,
    .entries = 125,
    .exponential = model_t_0_exponential,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 96); /* t0 */
}

void model_run(void)
{
    /* 0 SOFTMAX t1 */
    chipcast_softmax_s8(&model_layer_0_0, model_arena + 0, model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 96); /* t1 */
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
    {0, 0, 96}, /* t1 */
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
    misaligned |= (uintptr_t)model_t_0_exponential & 3u;
    return misaligned == 0u;
}
