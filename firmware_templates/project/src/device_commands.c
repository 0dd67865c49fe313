/* chipcast's own commands: identity, input, numbered inferences, and what can be asked after them. */
#include <string.h>

#include "base64.h"
#include "chipcast_board.h"
#include "chipcast_config.h"
#include "commands.h"
#include "crc32.h"
#include "inference.h"
#include "model_model.h"
#include "text.h"

extern const char chipcast_build_id[65];

/* The last `run`, to be told again when its answer was lost.  `step` 0: there was none. */
static struct {
  uint64_t step;
  uint64_t ticks;
  uint32_t input_crc;
} last_run;

/* ---- identity ---- */

static void say_status(bool good, const char *otherwise) {
  text_field("status", good ? "ok" : otherwise);
  text_end_checked_line();
}

static void answer_id(const struct request *request) {
  (void)request;
  text_string("c-id protocol=2");
  text_field("engine", CHIPCAST_ENGINE);
  text_field("board", CHIPCAST_BOARD);
  text_end_checked_line();
  text_string("c-build");
  text_field("id", chipcast_build_id);
  text_end_checked_line();
  text_string("c-model");
  text_field("sha256", model_sha256);
#ifdef MODEL_CAN_FAIL
  say_status(model_fault() == NULL, model_fault());
#else
  text_end_checked_line();
#endif
  text_string("c-clock");
  text_field_decimal("hz", CHIPCAST_TIMER_HZ);
  text_field_decimal("resolution", timing_resolution());
  text_field("source", CHIPCAST_TIMER_SOURCE);
  say_status(timing_works(), "stuck");
  text_string("c-sizes");
  text_field_decimal("input", MODEL_INPUT_BYTES);
  text_field_decimal("output", MODEL_OUTPUT_BYTES);
  text_field_decimal("arena", MODEL_ARENA_BYTES);
  text_field_decimal("state", MODEL_STATE_BYTES);
  text_field_decimal("layers", MODEL_LAYERS);
#ifdef MODEL_ARENA_REGIONS
  text_field("regions", MODEL_ARENA_REGIONS);
#endif
  text_end_checked_line();
  text_string("c-line");
  text_field_decimal("chunk", CHUNK_BYTES);
  text_field_decimal("window", WINDOW_BYTES);
  text_field_decimal("profile", INFERENCE_PROFILE);
  text_field_decimal("tensors", INFERENCE_TENSORS);
  text_end_checked_line();
  text_string("c-align");
  say_status(model_aligned(), "bad");
}

/* ---- input ---- */

void write_input(uint64_t offset, const void *bytes, size_t count) {
  if (count > CHUNK_BYTES || offset > MODEL_INPUT_BYTES || (uint64_t)count > MODEL_INPUT_BYTES - offset) {
    say("e-range");
    return;
  }
  memcpy(inference_input + offset, bytes, count);
  inference_input_changed();
  text_string("c-in");
  text_field_decimal("offset", offset);
  text_field_hexadecimal("crc", crc32_update(0, bytes, count));
  text_end_checked_line();
}

static void answer_in(const struct request *request) {
  uint64_t offset;
  size_t digits = read_decimal(request->arguments, request->length, &offset);
  if (!request->checked) {
    say("e-crc");
    return;
  }
  if (digits == 0 || digits == request->length || request->arguments[digits] != ' ') {
    say("e-range");
    return;
  }
  char *data = request->arguments + digits + 1;
  long count = base64_decode(data, request->length - digits - 1);
  if (count < 0) {
    say("e-base64");
    return;
  }
  write_input(offset, data, (size_t)count);
}

/* The host tells a fresh number and drops everything before its echo. */
static void answer_sync(const struct request *request) {
  uint64_t token;
  if (request->length == 0 || read_decimal(request->arguments, request->length, &token) != request->length) {
    say("e-range");
    return;
  }
  text_string("c-sync");
  text_field_decimal("token", token);
  text_end_checked_line();
}

/* ---- pieces of a buffer ---- */

static void say_pieces(const char *name, const uint8_t *bytes, size_t offset, size_t count) {
  while (count > 0) {
    size_t piece = count < PIECE_BYTES ? count : PIECE_BYTES;
    text_string(name);
    text_field_decimal("offset", offset);
    text_field("data", "");
    text_base64(bytes + offset, piece);
    text_end_checked_line();
    offset += piece;
    count -= piece;
  }
}

/* The range "OFFSET COUNT" of a buffer of `total` bytes. */
static void answer_range(const struct request *request, const char *name, const uint8_t *bytes, uint64_t total) {
  uint64_t offset;
  uint64_t count;
  if (!read_two_decimals(request->arguments, request->length, &offset, &count) || offset > total ||
      count > total - offset) {
    say("e-range");
    return;
  }
  say_pieces(name, bytes, (size_t)offset, (size_t)count);
}

/* ---- inferences ---- */

static void say_steps(void) {
  text_string("c-steps");
  text_field_decimal("done", inference_steps());
  text_end_checked_line();
}

static void say_last_run(void) {
  text_string("c-run");
  text_field_decimal("step", last_run.step);
  text_field_hexadecimal("input", last_run.input_crc);
  text_field_decimal("ticks", last_run.ticks);
  text_field_hexadecimal("output", crc32_update(0, inference_output, MODEL_OUTPUT_BYTES));
  text_field_decimal("bytes", MODEL_OUTPUT_BYTES);
  text_end_checked_line();
  say_pieces("c-out", inference_output, 0, MODEL_OUTPUT_BYTES);
}

static void run(uint32_t input_crc) {
  last_run.step = 0; /* not to be told again while it is under way, or where the timer failed */
  uint64_t ticks = inference_run();
  if (ticks == 0) {
    say(inference_error());
    return;
  }
  last_run.step = inference_steps();
  last_run.ticks = ticks;
  last_run.input_crc = input_crc;
  say_last_run();
}

/* "STEP CRC": the step after the last one, on that input; the last one is told again and not taken again. */
static void answer_numbered_run(const struct request *request) {
  uint64_t step;
  uint32_t wanted;
  size_t digits = read_decimal(request->arguments, request->length, &step);
  if (!request->checked) {
    say("e-crc");
    return;
  }
  if (digits == 0 || request->length != digits + 9 || request->arguments[digits] != ' ' ||
      !read_crc(request->arguments + digits + 1, &wanted)) {
    say("e-range");
    return;
  }
  uint32_t input_crc = crc32_update(0, inference_input, MODEL_INPUT_BYTES);
  if (step != 0 && step == last_run.step && step == inference_steps() && wanted == last_run.input_crc) {
    say_last_run();
  } else if (step != inference_steps() + 1) {
    say_steps();
    say("e-step");
  } else if (wanted != input_crc) {
    say("e-input");
  } else {
    run(input_crc);
  }
}

static void answer_run(const struct request *request) {
  if (!timing_works()) {
    say("e-timer");
  } else if (request->length > 0) {
    answer_numbered_run(request);
  } else {
    run(crc32_update(0, inference_input, MODEL_INPUT_BYTES));
  }
}

static void answer_out(const struct request *request) {
  if (inference_steps() == 0) {
    say("e-no-run");
  } else {
    answer_range(request, "c-out", inference_output, MODEL_OUTPUT_BYTES);
  }
}

static void answer_steps(const struct request *request) {
  (void)request;
  say_steps();
}

static void answer_reset(const struct request *request) {
  (void)request;
  inference_reset();
  last_run.step = 0;
  text_string("c-reset");
  text_end_checked_line();
}

static void answer_time(const struct request *request) {
  uint64_t runs;
  if (request->length == 0 || read_decimal(request->arguments, request->length, &runs) != request->length ||
      runs == 0 || runs > RUNS_MAX) {
    say("e-range");
    return;
  }
  last_run.step = 0;
  for (uint64_t i = 0; i < runs; i++) {
    uint64_t ticks = timing_works() ? inference_run() : 0;
    if (ticks == 0) {
      say(inference_error());
      return;
    }
    text_string("c-time");
    text_field_decimal("step", inference_steps());
    text_field_decimal("ticks", ticks);
    text_end_checked_line();
  }
}

static void answer_layers(const struct request *request) {
  (void)request;
#if INFERENCE_PROFILE
  if (inference_steps() == 0) {
    say("e-no-run");
    return;
  }
  for (uint16_t layer = 0; layer < MODEL_LAYERS; layer++) {
    text_string("c-layer");
    text_field_decimal("step", inference_steps());
    text_field_decimal("index", layer);
    text_field_decimal("ticks", inference_layer_ticks(layer));
    text_end_checked_line();
  }
#else
  say("e-unsupported");
#endif
}

/* ---- any layer's tensors ---- */

#if INFERENCE_TENSORS
/* "LAYER CRC": runs up to that layer on that input, says what it made. */
static void answer_dump(const struct request *request) {
  uint64_t layer;
  uint32_t wanted;
  size_t digits = read_decimal(request->arguments, request->length, &layer);
  if (!request->checked) {
    say("e-crc");
    return;
  }
  if (digits == 0 || layer >= MODEL_LAYERS || request->length != digits + 9 ||
      request->arguments[digits] != ' ' || !read_crc(request->arguments + digits + 1, &wanted)) {
    say("e-range");
    return;
  }
  if (wanted != crc32_update(0, inference_input, MODEL_INPUT_BYTES)) {
    say("e-input");
    return;
  }
  uint32_t bytes;
  const uint8_t *tensor;
  inference_run_to((uint16_t)layer, wanted);
  uint16_t output = 0;
  for (; (tensor = model_layer_output((uint16_t)layer, output, &bytes)) != NULL; output++) {
    text_string("c-dump");
    text_field_decimal("layer", layer);
    text_field_decimal("output", output);
    text_field_decimal("bytes", bytes);
    text_field_hexadecimal("crc", crc32_update(0, tensor, (size_t)bytes));
    text_end_checked_line();
  }
  text_string("c-dumped");
  text_field_decimal("layer", layer);
  text_field_hexadecimal("input", wanted);
  text_field_decimal("outputs", output);
  text_end_checked_line();
}

/* "OUTPUT OFFSET COUNT" of the layer that was last run to. */
static void answer_tensor(const struct request *request) {
  uint64_t output;
  uint32_t bytes = 0;
  size_t digits = read_decimal(request->arguments, request->length, &output);
  int32_t layer = inference_last_layer();
  const uint8_t *tensor = NULL;
  if (layer < 0) {
    say("e-no-run");
    return;
  }
  if (digits > 0 && digits < request->length && request->arguments[digits] == ' ' && output < UINT16_MAX) {
    tensor = model_layer_output((uint16_t)layer, (uint16_t)output, &bytes);
  }
  if (tensor == NULL) {
    say("e-range");
    return;
  }
  struct request range = {request->arguments + digits + 1, request->length - digits - 1, request->checked};
  answer_range(&range, "c-tensor", tensor, bytes);
}
#else
static void answer_dump(const struct request *request) {
  (void)request;
  say("e-unsupported");
}

static void answer_tensor(const struct request *request) { answer_dump(request); }
#endif

#ifdef MODEL_CAN_FAIL
/* How small the arena may be: the model's state is lost by the trying. */
static void answer_arena(const struct request *request) {
  (void)request;
#ifdef CHIPCAST_ARENA_PROBE
  uint32_t need = model_arena_need();
  inference_reset();
  last_run.step = 0;
  text_string("c-arena");
  text_field_decimal("size", MODEL_ARENA_BYTES);
  text_field_decimal("need", need);
  text_field_decimal("used", model_arena_used());
  text_end_checked_line();
#else
  say("e-unsupported");
#endif
}
#endif

/* ---- the rest ---- */

static void answer_memory(const struct request *request) {
  (void)request;
  text_string("c-memory");
  if (chipcast_stack_reserved_bytes() == 0) {
    text_field("stack", "unknown");
  } else {
    text_field_decimal("stack", chipcast_stack_used_bytes());
  }
  text_field_decimal("reserve", chipcast_stack_reserved_bytes());
  text_field_decimal("arena", model_arena_used());
#ifdef MODEL_ARENA_REGIONS
  text_field("regions", "");
  const char *name;
  uint32_t used;
  for (uint32_t region = 0; (name = model_arena_region(region, &used)) != NULL; region++) {
    text_string(region == 0 ? "" : ",");
    text_string(name);
    text_string(":");
    text_decimal(used);
  }
#endif
  text_end_checked_line();
}

static void answer_ticks(const struct request *request) {
  (void)request;
  text_string("c-ticks");
  text_field_decimal("now", chipcast_timer_ticks());
  text_end_checked_line();
}

const struct command device_commands[] = {
    {"id", false, answer_id},       {"in", true, answer_in},         {"run", true, answer_run},
    {"out", true, answer_out},      {"steps", false, answer_steps},  {"reset", false, answer_reset},
    {"time", true, answer_time},    {"layers", false, answer_layers}, {"dump", true, answer_dump},
    {"tensor", true, answer_tensor}, {"memory", false, answer_memory}, {"ticks", false, answer_ticks},
    {"sync", true, answer_sync},
#ifdef MODEL_CAN_FAIL
    {"arena", false, answer_arena},
#endif
};
const size_t device_command_count = sizeof device_commands / sizeof device_commands[0];
