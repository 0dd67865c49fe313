#include "protocol.h"

#include <stdbool.h>
#include <string.h>

#include "base64.h"
#include "board.h"
#include "chipcast_config.h"
#include "crc32.h"
#include "inference.h"
#include "model_model.h"
#include "text.h"

extern const char chipcast_build_id[65];

/* Bytes of one `in` or `c-out`, and the longest command: "in", an offset, that many bytes as base64, the CRC. */
#define CHUNK_BYTES 512u
#define OFFSET_DIGITS 10u
#define CRC_TAIL_BYTES (sizeof " *XXXXXXXX" - 1)
#define COMMAND_BYTES (sizeof "in " - 1 + OFFSET_DIGITS + 1 + (CHUNK_BYTES + 2) / 3 * 4 + CRC_TAIL_BYTES)
/* How much of an unknown command is told back. */
#define ECHO_BYTES 32u

struct command {
  const char *name;
  bool takes_arguments;
  void (*answer)(char *arguments, size_t length, bool checked);
};

static char line[COMMAND_BYTES];
static size_t line_length;
static bool line_overflowed;
static bool timer_advances;
#if INFERENCE_PROFILE
static bool has_run;
#endif

static void say(const char *whole_line) {
  text_string(whole_line);
  text_end_line();
}

/* ---- MLPerf Tiny's commands ---- */

static void say_timestamp(void) {
  uint64_t ticks = timer_ticks();
  /* Seconds and the rest apart, so that the product does not leave 64 bits. */
  uint64_t seconds = ticks / CHIPCAST_TIMER_HZ;
  uint64_t rest = ticks % CHIPCAST_TIMER_HZ;
  text_string("m-lap-us-");
  text_decimal(seconds * 1000000u + rest * 1000000u / CHIPCAST_TIMER_HZ);
  text_end_line();
}

static void answer_name(char *arguments, size_t length, bool checked) {
  (void)arguments, (void)length, (void)checked;
  say("m-name-dut-[chipcast]");
}

static void answer_profile(char *arguments, size_t length, bool checked) {
  (void)arguments, (void)length, (void)checked;
  say("m-profile-[ULPMark for tinyML Firmware V0.0.1]");
  text_string("m-model-[");
  text_string(model_name);
  text_string("]");
  text_end_line();
}

static void answer_timestamp(char *arguments, size_t length, bool checked) {
  (void)arguments, (void)length, (void)checked;
  say_timestamp();
}

/* ---- chipcast's commands ---- */

static void answer_id(char *arguments, size_t length, bool checked) {
  (void)arguments, (void)length, (void)checked;
  text_string("c-id protocol=1");
  text_field("build", chipcast_build_id);
  text_field("model", model_sha256);
  text_field("engine", CHIPCAST_ENGINE);
  text_field("board", CHIPCAST_BOARD);
  text_end_checked_line();
  text_string("c-clock");
  text_field_decimal("hz", CHIPCAST_TIMER_HZ);
  text_field("status", timer_advances ? "ok" : "stuck");
  text_end_checked_line();
  text_string("c-sizes");
  text_field_decimal("input", MODEL_INPUT_BYTES);
  text_field_decimal("output", MODEL_OUTPUT_BYTES);
  text_field_decimal("arena", MODEL_ARENA_BYTES);
  text_field_decimal("layers", MODEL_LAYERS);
  text_field_decimal("chunk", CHUNK_BYTES);
  text_field_decimal("profile", INFERENCE_PROFILE);
  text_end_checked_line();
  text_string("c-align");
  text_field("status", model_aligned() ? "ok" : "bad");
  text_end_checked_line();
}

/* Reads the decimal number at the start of `text`; returns its digits' count, 0 where there is no number of at
 * most OFFSET_DIGITS digits.  Ten digits do not leave 64 bits. */
static size_t read_decimal(const char *text, size_t length, uint64_t *value) {
  size_t digits = 0;
  *value = 0;
  while (digits < length && text[digits] >= '0' && text[digits] <= '9') {
    if (digits == OFFSET_DIGITS) {
      return 0;
    }
    *value = *value * 10u + (uint64_t)(text[digits] - '0');
    digits++;
  }
  return digits;
}

static void answer_in(char *arguments, size_t length, bool checked) {
  uint64_t offset;
  size_t digits = read_decimal(arguments, length, &offset);
  if (!checked) {
    say("e-crc");
    return;
  }
  if (digits == 0 || digits == length || arguments[digits] != ' ') {
    say("e-range");
    return;
  }
  char *data = arguments + digits + 1;
  long count = base64_decode(data, length - digits - 1);
  if (count < 0) {
    say("e-base64");
    return;
  }
  if (count > (long)CHUNK_BYTES || offset > MODEL_INPUT_BYTES || (uint64_t)count > MODEL_INPUT_BYTES - offset) {
    say("e-range");
    return;
  }
  memcpy(inference_input + offset, data, (size_t)count);
  text_string("c-in");
  text_field_decimal("offset", offset);
  text_field_decimal("bytes", (uint64_t)count);
  text_end_checked_line();
}

/* The host tells a fresh number and drops everything before its echo. */
static void answer_sync(char *arguments, size_t length, bool checked) {
  uint64_t token;
  (void)checked;
  if (length == 0 || read_decimal(arguments, length, &token) != length) {
    say("e-range");
    return;
  }
  text_string("c-sync");
  text_field_decimal("token", token);
  text_end_checked_line();
}

static void say_output(void) {
  for (size_t offset = 0; offset < MODEL_OUTPUT_BYTES; offset += CHUNK_BYTES) {
    size_t left = MODEL_OUTPUT_BYTES - offset;
    text_string("c-out");
    text_field_decimal("offset", offset);
    text_field("data", "");
    text_base64(inference_output + offset, left < CHUNK_BYTES ? left : CHUNK_BYTES);
    text_end_checked_line();
  }
}

static void answer_run(char *arguments, size_t length, bool checked) {
  (void)arguments, (void)length, (void)checked;
  uint32_t input_crc = crc32_update(0, inference_input, MODEL_INPUT_BYTES);
  uint64_t ticks = inference_run();
#if INFERENCE_PROFILE
  has_run = true;
#endif
  if (!timer_advances || ticks == 0) {
    say("e-timer");
    return;
  }
  text_string("c-run");
  text_field_hexadecimal("input", input_crc);
  text_field_decimal("ticks", ticks);
  text_field_hexadecimal("output", crc32_update(0, inference_output, MODEL_OUTPUT_BYTES));
  text_field_decimal("bytes", MODEL_OUTPUT_BYTES);
  text_end_checked_line();
  say_output();
}

static void answer_layers(char *arguments, size_t length, bool checked) {
  (void)arguments, (void)length, (void)checked;
#if INFERENCE_PROFILE
  if (!has_run) {
    say("e-no-run");
    return;
  }
  for (uint16_t layer = 0; layer < MODEL_LAYERS; layer++) {
    text_string("c-layer");
    text_field_decimal("index", layer);
    text_field_decimal("ticks", inference_layer_ticks(layer));
    text_end_checked_line();
  }
#else
  say("e-unsupported");
#endif
}

static void answer_memory(char *arguments, size_t length, bool checked) {
  (void)arguments, (void)length, (void)checked;
  text_string("c-memory");
  if (stack_reserved_bytes() == 0) {
    text_field("stack", "unknown");
  } else {
    text_field_decimal("stack", stack_used_bytes());
  }
  text_field_decimal("reserve", stack_reserved_bytes());
  text_end_checked_line();
}

static void answer_reset(char *arguments, size_t length, bool checked) {
  (void)arguments, (void)length, (void)checked;
  model_reset();
  text_string("c-reset");
  text_end_checked_line();
}

/* ---- commands by name ---- */

static void answer_help(char *arguments, size_t length, bool checked);

static const struct command commands[] = {
    {"name", false, answer_name},
    {"profile", false, answer_profile},
    {"timestamp", false, answer_timestamp},
    {"help", false, answer_help},
    {"id", false, answer_id},
    {"in", true, answer_in},
    {"run", false, answer_run},
    {"layers", false, answer_layers},
    {"memory", false, answer_memory},
    {"sync", true, answer_sync},
    {"reset", false, answer_reset},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void answer_help(char *arguments, size_t length, bool checked) {
  (void)arguments, (void)length, (void)checked;
  say("Commands, each ended by %:");
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    text_string("  ");
    say(commands[i].name);
  }
  say("  in OFFSET BASE64 *CRC32 writes to the input buffer; PROTOCOL.md has the rest.");
}

static void answer_unknown(const char *command, size_t length) {
  text_string("e-[Unknown command: ");
  for (size_t i = 0; i < length && i < ECHO_BYTES; i++) {
    char c = command[i] >= ' ' && command[i] <= '~' ? command[i] : '?';
    text_bytes(&c, 1);
  }
  text_string("]");
  text_end_line();
}

static int hexadecimal_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum crc_tail { CRC_ABSENT, CRC_RIGHT, CRC_WRONG };

/* Looks for " *XXXXXXXX" at the end of the command and cuts it off. */
static enum crc_tail check_crc_tail(void) {
  uint32_t told = 0;
  if (line_length < CRC_TAIL_BYTES || line[line_length - CRC_TAIL_BYTES] != ' ' ||
      line[line_length - CRC_TAIL_BYTES + 1] != '*') {
    return CRC_ABSENT;
  }
  for (size_t i = line_length - 8; i < line_length; i++) {
    int value = hexadecimal_value(line[i]);
    if (value < 0) {
      return CRC_WRONG;
    }
    told = (told << 4) | (uint32_t)value;
  }
  line_length -= CRC_TAIL_BYTES;
  return told == crc32_update(0, line, line_length) ? CRC_RIGHT : CRC_WRONG;
}

static void carry_out(void) {
  enum crc_tail tail = check_crc_tail();
  if (tail == CRC_WRONG) {
    say("e-crc");
    return;
  }
  size_t name_length = 0;
  while (name_length < line_length && line[name_length] != ' ') {
    name_length++;
  }
  size_t arguments = name_length < line_length ? name_length + 1 : line_length;
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    const char *name = commands[i].name;
    if (strlen(name) == name_length && memcmp(name, line, name_length) == 0 &&
        (commands[i].takes_arguments || name_length == line_length)) {
      commands[i].answer(line + arguments, line_length - arguments, tail == CRC_RIGHT);
      return;
    }
  }
  answer_unknown(line, line_length);
}

/* ---- the line ---- */

void protocol_receive(uint8_t byte) {
  if (byte == '\r' || byte == '\n') {
    return;
  }
  if (byte != '%') {
    if (line_length < sizeof line) {
      line[line_length++] = (char)byte;
    } else {
      line_overflowed = true;
    }
    return;
  }
  if (line_overflowed) {
    say("e-overflow");
  } else if (line_length > 0) {
    carry_out();
  }
  line_length = 0;
  line_overflowed = false;
  say("m-ready");
}

/* A timer at CHIPCAST_TIMER_HZ >= 1000 moves within this many reads on any core below 1 GHz or so; the loop is
 * bounded so that a timer that stands still is told and not waited for. */
static bool timer_is_advancing(void) {
  uint64_t first = timer_ticks();
  for (uint32_t i = 0; i < 200000u; i++) {
    if (timer_ticks() != first) {
      return true;
    }
  }
  return false;
}

void protocol_start(void) {
  timer_advances = timer_is_advancing();
  say("m-timestamp-mode-performance");
  say_timestamp();
  say("m-init-done");
  say("m-ready");
}
