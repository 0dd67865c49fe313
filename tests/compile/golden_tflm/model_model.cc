/* a model, run by TensorFlow Lite Micro. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include <new>

#include "model_data.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

#if defined(CHIPCAST_PROFILE) || defined(CHIPCAST_TENSORS)
#define WATCHED 1
#endif

extern "C" {
const char model_sha256[65] = "a5d88e666ebec47b24fec183da603efe646d24e6357a03076e6aa81a0d8e2c07";
const char model_name[] = "a model";
#ifdef CHIPCAST_PROFILE
void chipcast_layer_done(uint16_t layer);
#endif
}

#define ARENA_PAINT 0x5A

alignas(16) uint8_t model_arena[MODEL_ARENA_BYTES];

namespace {

using BaseResolver = tflite::MicroMutableOpResolver<4>;

#ifdef WATCHED
/* Operators of the model are counted as they run, those that they call in turn are not. */
uint16_t layers_done;
uint16_t last_layer = UINT16_MAX;
int depth;
TfLiteContext *model_context; /* of the last inference: what its operators find their tensors by */
TFLMRegistration watched[4];
TfLiteStatus (*original[4])(TfLiteContext *, TfLiteNode *);

TfLiteStatus watch(uint32_t number, TfLiteContext *context, TfLiteNode *node) {
  if (depth++ == 0) {
    model_context = context;
  }
  TfLiteStatus status = original[number](context, node);
  if (--depth != 0) {
    return status;
  }
#ifdef CHIPCAST_PROFILE
  chipcast_layer_done(layers_done);
#endif
  return layers_done++ == last_layer ? kTfLiteError : status; /* an error ends the inference */
}

template <uint32_t number>
TfLiteStatus watch(TfLiteContext *context, TfLiteNode *node) {
  return watch(number, context, node);
}

TfLiteStatus (*const watchers[])(TfLiteContext *, TfLiteNode *) = {
    watch<0>,
    watch<1>,
    watch<2>,
    watch<3>,
};

/* Hands out copies of the registrations, in which every operator is watched. */
class Resolver : public BaseResolver {
 public:
  const TFLMRegistration *FindOp(tflite::BuiltinOperator op) const override {
    const TFLMRegistration *found = BaseResolver::FindOp(op);
    for (uint32_t number = 0; found != nullptr && number < 4; number++) {
      if (original[number] != nullptr && watched[number].builtin_code != found->builtin_code) {
        continue;
      }
      if (original[number] == nullptr) {
        watched[number] = *found;
        original[number] = found->invoke;
        watched[number].invoke = watchers[number];
      }
      return &watched[number];
    }
    return nullptr;
  }
  const TFLMRegistration *FindOp(const char *) const override { return nullptr; }
};
#else
using Resolver = BaseResolver;
#endif

/* Nothing here is ever destroyed, so no destructor has to be registered for the program's end. */
alignas(Resolver) uint8_t resolver_place[sizeof(Resolver)];
alignas(tflite::MicroInterpreter) uint8_t interpreter_place[sizeof(tflite::MicroInterpreter)];
Resolver *resolver;
tflite::MicroInterpreter *interpreter;
const char *fault = "reset";

/* The model's operators, and no others. */
bool make_resolver() {
  resolver = new (resolver_place) Resolver();
#ifdef CMSIS_NN /* for int8 alone: less code */
  if (resolver->AddConv2D(tflite::Register_CONV_2D_INT8()) != kTfLiteOk) {
    return false;
  }
#else
  if (resolver->AddConv2D() != kTfLiteOk) {
    return false;
  }
#endif
#ifdef CMSIS_NN /* for int8 alone: less code */
  if (resolver->AddFullyConnected(tflite::Register_FULLY_CONNECTED_INT8()) != kTfLiteOk) {
    return false;
  }
#else
  if (resolver->AddFullyConnected() != kTfLiteOk) {
    return false;
  }
#endif
  if (resolver->AddReshape() != kTfLiteOk) {
    return false;
  }
#ifdef CMSIS_NN /* for int8 alone: less code */
  if (resolver->AddSoftmax(tflite::Register_SOFTMAX_INT8()) != kTfLiteOk) {
    return false;
  }
#else
  if (resolver->AddSoftmax() != kTfLiteOk) {
    return false;
  }
#endif
  return true;
}

bool ports_are_as_expected() {
  return interpreter->inputs_size() == 1 && interpreter->outputs_size() == 1
         && interpreter->input(0) != nullptr && interpreter->input(0)->bytes == 36
         && interpreter->output(0) != nullptr && interpreter->output(0)->bytes == 3
      ;
}

/* An interpreter in the first `arena_bytes` of the arena; says why there is none. */
const char *make_interpreter(size_t arena_bytes) {
  const tflite::Model *model = tflite::GetModel(g_model_data);
  interpreter = nullptr;
  if (model->version() != TFLITE_SCHEMA_VERSION) {
    return "schema";
  }
  if (resolver == nullptr && !make_resolver()) {
    return "resolver";
  }
  interpreter = new (interpreter_place) tflite::MicroInterpreter(model, *resolver, model_arena, arena_bytes);
  if (interpreter->AllocateTensors() != kTfLiteOk) {
    return "arena";
  }
  return ports_are_as_expected() ? nullptr : "ports";
}

} /* namespace */

extern "C" {

void model_reset(void) { fault = make_interpreter(MODEL_ARENA_BYTES); }

const char *model_fault(void) { return fault; }

void model_set_input(const uint8_t *bytes) {
  if (fault != nullptr) {
    return;
  }
  memcpy(interpreter->input(0)->data.raw, bytes + 0, 36); /* t0 */
}

void model_run(void) {
  if (fault != nullptr) {
    return;
  }
#ifdef WATCHED
  layers_done = 0;
  depth = 0;
  if (interpreter->Invoke() != kTfLiteOk && last_layer == UINT16_MAX) {
    fault = "invoke";
  }
#else
  if (interpreter->Invoke() != kTfLiteOk) {
    fault = "invoke";
  }
#endif
}

void model_get_output(uint8_t *bytes) {
  if (fault != nullptr) {
    return;
  }
  memcpy(bytes + 0, interpreter->output(0)->data.raw, 3); /* t8 */
}

void model_paint_arena(void) {
  fault = "reset";
  memset(model_arena, ARENA_PAINT, sizeof model_arena);
}

uint32_t model_arena_used(void) {
  return fault == nullptr ? static_cast<uint32_t>(interpreter->arena_used_bytes()) : 0;
}

#ifdef CHIPCAST_ARENA_PROBE
uint32_t model_arena_need(void) {
  model_reset();
  if (fault != nullptr) {
    return 0;
  }
  uint32_t enough = MODEL_ARENA_BYTES;
  uint32_t too_small = (model_arena_used() - 1u) & ~15u;
  while (enough - too_small > 16u) {
    uint32_t middle = ((enough - too_small) / 2u + too_small + 15u) & ~15u;
    if (middle >= enough) {
      break;
    }
    if (make_interpreter(middle) == nullptr) {
      enough = middle;
    } else {
      too_small = middle;
    }
  }
  model_reset();
  return enough;
}
#endif

#ifdef CHIPCAST_TENSORS
void model_run_to(uint16_t layer) {
  last_layer = layer;
  model_run();
  last_layer = UINT16_MAX;
}

static const struct {
  uint16_t layer;
  int tensor;
  uint32_t bytes;
} model_layer_outputs[] = {
    {0, 3, 144},
    {1, 4, 144},
    {2, 7, 3},
    {3, 8, 3},
    {UINT16_MAX, 0, 0},
};

const uint8_t *model_layer_output(uint16_t layer, uint16_t output, uint32_t *bytes) {
  for (uint32_t i = 0; fault == nullptr && model_context != nullptr && model_layer_outputs[i].layer != UINT16_MAX; i++) {
    if (model_layer_outputs[i].layer == layer && output-- == 0u) {
      const TfLiteEvalTensor *tensor =
          model_context->GetEvalTensor(model_context, model_layer_outputs[i].tensor);
      *bytes = model_layer_outputs[i].bytes;
      return tensor == nullptr ? nullptr : static_cast<const uint8_t *>(tensor->data.data);
    }
  }
  return nullptr;
}
#endif

int model_aligned(void) {
  return ((reinterpret_cast<uintptr_t>(model_arena) | reinterpret_cast<uintptr_t>(g_model_data)) & 15u) == 0u;
}

} /* extern "C" */
