#include "mlperf_tiny.h"

#include <string.h>

#include "chipcast_board.h"
#include "commands.h"
#include "inference.h"
#include "text.h"

#define DEFAULT_WARM_UPS 10u
#define PRINTED_PER_LINE 8u

static size_t window_expected;
static size_t window_loaded;

/* ---- the sample as the runner sends it ---- */

#if CHIPCAST_WINDOW_TYPE == WINDOW_FLOAT32
static uint8_t window[WINDOW_TOTAL_BYTES];

static void window_put(size_t at, uint8_t byte) { window[at] = byte; }

static uint8_t window_get(size_t at) { return window[at]; }

static float window_real(size_t element) {
  float value;
  memcpy(&value, window + 4 * element, sizeof value);
  return value;
}

/* The nearest quantised value, halves away from zero, held within int8; what is no number becomes the zero point. */
static int8_t quantise(float real) {
  float steps = real / CHIPCAST_INPUT_SCALE;
  if (!(steps > -512.0f)) {
    steps = steps <= -512.0f ? -512.0f : 0.0f;
  }
  if (steps > 512.0f) {
    steps = 512.0f;
  }
  int32_t whole = (int32_t)steps;
  float rest = steps - (float)whole;
  whole += rest >= 0.5f ? 1 : 0;
  whole -= rest <= -0.5f ? 1 : 0;
  whole += CHIPCAST_INPUT_ZERO_POINT;
  return (int8_t)(whole < -128 ? -128 : whole > 127 ? 127 : whole);
}

static void window_is_complete(void) {
  for (size_t i = 0; i < MODEL_INPUT_BYTES; i++) {
    inference_input[i] = (uint8_t)quantise(window_real(i));
  }
  inference_input_changed();
}
#else
#if CHIPCAST_WINDOW_TYPE == WINDOW_UINT8
#define WINDOW_FLIP 0x80u /* u8 - 128, as two's complement */
#else
#define WINDOW_FLIP 0u
#endif

static void window_put(size_t at, uint8_t byte) { inference_input[at] = (uint8_t)(byte ^ WINDOW_FLIP); }

static uint8_t window_get(size_t at) { return (uint8_t)(inference_input[at] ^ WINDOW_FLIP); }

static void window_is_complete(void) { inference_input_changed(); }
#endif

/* ---- the result ---- */

#if CHIPCAST_RESULT_TYPE == RESULT_INT8 || CHIPCAST_RESULT_TYPE == RESULT_MEAN_SQUARED_ERROR
static float dequantised(size_t element) {
  int32_t value = (int8_t)inference_output[element];
  return (float)(value - CHIPCAST_OUTPUT_ZERO_POINT) * CHIPCAST_OUTPUT_SCALE;
}
#endif

#if CHIPCAST_RESULT_TYPE == RESULT_INT8
#define RESULT_COUNT MODEL_OUTPUT_BYTES
static float result(size_t element) { return dequantised(element); }
#elif CHIPCAST_RESULT_TYPE == RESULT_FLOAT32
#define RESULT_COUNT (MODEL_OUTPUT_BYTES / 4)
static float result(size_t element) {
  float value;
  memcpy(&value, inference_output + 4 * element, sizeof value);
  return value;
}
#elif CHIPCAST_RESULT_TYPE == RESULT_MEAN_SQUARED_ERROR
#define RESULT_COUNT 1
static float result(size_t element) {
  double sum = 0.0;
  (void)element;
  for (size_t i = 0; i < MODEL_OUTPUT_BYTES; i++) {
    double difference = (double)window_real(i) - (double)dequantised(i);
    sum += difference * difference;
  }
  return (float)(sum / MODEL_OUTPUT_BYTES);
}
#endif

static void say_results(void) {
#if CHIPCAST_RESULT_TYPE == RESULT_NONE
  say("e-unsupported");
#else
  text_string("m-results-[");
  for (size_t i = 0; i < RESULT_COUNT; i++) {
    if (i > 0) {
      text_string(",");
    }
    text_real(result(i));
  }
  text_string("]");
  text_end_line();
#endif
}

/* ---- commands ---- */

static void answer_name(const struct request *request) {
  (void)request;
  say("m-name-dut-[chipcast]");
}

static void answer_profile(const struct request *request) {
  (void)request;
  say("m-profile-[ULPMark for tinyML Firmware V0.0.1]");
  text_string("m-model-[");
#ifdef CHIPCAST_BENCHMARK
  text_string(CHIPCAST_BENCHMARK);
#else
  text_string(model_name);
#endif
  text_string("]");
  text_end_line();
}

static void answer_timestamp(const struct request *request) {
  (void)request;
  timing_say(chipcast_timer_ticks());
}

static void db_load(const char *text, size_t length) {
  uint64_t bytes;
  if (length == 0 || read_decimal(text, length, &bytes) != length || bytes == 0 || bytes > WINDOW_TOTAL_BYTES) {
    say("e-range");
    return;
  }
  window_expected = (size_t)bytes;
  window_loaded = 0;
  inference_input_changed();
  for (size_t i = 0; i < WINDOW_TOTAL_BYTES; i++) {
    window_put(i, 0);
  }
  text_string("m-[Expecting ");
  text_decimal(bytes);
  text_string(" bytes]");
  text_end_line();
}

static void db_print(void) {
  for (size_t i = 0; i < window_loaded; i++) {
    uint8_t byte = window_get(i);
    char digits[3] = {'-', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15u]};
    if (i % PRINTED_PER_LINE == 0) {
      text_string("m-buffer");
    }
    text_bytes(digits, sizeof digits);
    if (i % PRINTED_PER_LINE == PRINTED_PER_LINE - 1 || i + 1 == window_loaded) {
      text_end_line();
    }
  }
}

static int hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* All of a command's bytes or none: a refused one can be sent again. */
static void db_bytes(const char *text, size_t length) {
  size_t count = length / 2;
  for (size_t i = 0; i < length; i++) {
    if (hexadecimal_digit(text[i]) < 0) {
      say("e-hex");
      return;
    }
  }
  if (length == 0 || length % 2 != 0) {
    say("e-hex");
    return;
  }
  if (count > window_expected - window_loaded) {
    say("e-range");
    return;
  }
  for (size_t i = 0; i < count; i++) {
    int byte = hexadecimal_digit(text[2 * i]) * 16 + hexadecimal_digit(text[2 * i + 1]);
    window_put(window_loaded++, (uint8_t)byte);
  }
  if (window_loaded == window_expected) {
    window_is_complete();
    say("m-load-done");
  }
}

static void answer_db(const struct request *request) {
  const char *text = request->arguments;
  if (request->length > 5 && memcmp(text, "load ", 5) == 0) {
    db_load(text + 5, request->length - 5);
  } else if (request->length == 5 && memcmp(text, "print", 5) == 0) {
    db_print();
  } else {
    db_bytes(text, request->length);
  }
}

static void say_count(const char *text, uint64_t count) {
  text_string(text);
  text_decimal(count);
  text_end_line();
}

/* The same code for accuracy and for performance. */
static void infer(uint64_t runs, uint64_t warm_ups) {
  say_count("m-warmup-start-", warm_ups);
  for (uint64_t i = 0; i < warm_ups; i++) {
    (void)inference_run();
  }
  say("m-warmup-done");
  say_count("m-infer-start-", runs);
  uint64_t begin = chipcast_timer_ticks();
  for (uint64_t i = 0; i < runs; i++) {
    (void)inference_run();
  }
  uint64_t end = chipcast_timer_ticks();
  /* Said afterwards: a line that is still being sent would be timed with the inferences. */
  timing_say(begin);
  if (timing_microseconds(end) == timing_microseconds(begin)) {
    say("e-timer");
  } else {
    timing_say(end);
  }
  say("m-infer-done");
  say_results();
}

static void answer_infer(const struct request *request) {
  uint64_t runs;
  uint64_t warm_ups = DEFAULT_WARM_UPS;
  bool one = request->length > 0 && read_decimal(request->arguments, request->length, &runs) == request->length;
  if (!one && !read_two_decimals(request->arguments, request->length, &runs, &warm_ups)) {
    say("e-range");
  } else if (runs == 0 || runs > RUNS_MAX || warm_ups > RUNS_MAX) {
    say("e-range");
  } else if (window_loaded != window_expected) {
    say("e-no-input");
  } else if (!timing_works()) {
    say("e-timer");
  } else if (!inference_possible()) {
    say("e-model");
  } else {
    infer(runs, warm_ups);
  }
}

static void answer_results(const struct request *request) {
  (void)request;
  if (inference_steps() == 0) {
    say("e-no-run");
  } else {
    say_results();
  }
}

const struct command mlperf_tiny_commands[] = {
    {"name", false, answer_name}, {"profile", false, answer_profile}, {"timestamp", false, answer_timestamp},
    {"db", true, answer_db},      {"infer", true, answer_infer},      {"results", false, answer_results},
};
const size_t mlperf_tiny_command_count = sizeof mlperf_tiny_commands / sizeof mlperf_tiny_commands[0];
