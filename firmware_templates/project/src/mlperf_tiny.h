/* MLPerf Tiny's own commands, and the benchmark's way from its data to the model's input and back. */
#ifndef CHIPCAST_MLPERF_TINY_H
#define CHIPCAST_MLPERF_TINY_H

#include "chipcast_config.h"
#include "model_model.h"

/* How the runner sends a sample (CHIPCAST_WINDOW_TYPE); without a benchmark, as the model takes it. */
#define WINDOW_AS_MODEL 0
#define WINDOW_UINT8 1
#define WINDOW_FLOAT32 2

/* What the results are (CHIPCAST_RESULT_TYPE). */
#define RESULT_NONE 0
#define RESULT_INT8 1
#define RESULT_FLOAT32 2
#define RESULT_MEAN_SQUARED_ERROR 3

#if CHIPCAST_WINDOW_TYPE == WINDOW_FLOAT32
#define WINDOW_TOTAL_BYTES (4u * MODEL_INPUT_BYTES)
#else
#define WINDOW_TOTAL_BYTES MODEL_INPUT_BYTES
#endif

#endif
