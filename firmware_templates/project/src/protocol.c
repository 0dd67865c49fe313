#include "protocol.h"

#include <string.h>

#include "chipcast_board.h"
#include "commands.h"
#include "crc32.h"
#include "frame.h"
#include "inference.h"
#include "text.h"

/* The longest command: "in", an offset, CHUNK_BYTES as base64, the CRC.  A binary frame of as much data is shorter. */
#define CRC_TAIL_BYTES (sizeof " *XXXXXXXX" - 1)
#define COMMAND_BYTES (sizeof "in " - 1 + DECIMAL_DIGITS + 1 + (CHUNK_BYTES + 2) / 3 * 4 + CRC_TAIL_BYTES)
/* A frame's content: the offset, the data, the CRC-32 of both; numbers least significant byte first. */
#define FRAME_OFFSET_BYTES 4u
#define FRAME_CRC_BYTES 4u
/* How much of an unknown command is told back. */
#define ECHO_BYTES 32u

static char line[COMMAND_BYTES];
static size_t line_length;
static bool line_overflowed;

void say(const char *whole_line) {
  text_string(whole_line);
  text_end_line();
}

/* ---- arguments ---- */

size_t read_decimal(const char *text, size_t length, uint64_t *value) {
  size_t digits = 0;
  *value = 0;
  while (digits < length && text[digits] >= '0' && text[digits] <= '9') {
    if (digits == DECIMAL_DIGITS) {
      return 0;
    }
    *value = *value * 10u + (uint64_t)(text[digits] - '0');
    digits++;
  }
  return digits;
}

bool read_two_decimals(const char *text, size_t length, uint64_t *first, uint64_t *second) {
  size_t digits = read_decimal(text, length, first);
  if (digits == 0 || digits + 1 >= length || text[digits] != ' ') {
    return false;
  }
  return read_decimal(text + digits + 1, length - digits - 1, second) == length - digits - 1;
}

bool read_crc(const char *text, uint32_t *value) {
  *value = 0;
  for (size_t i = 0; i < 8; i++) {
    uint32_t digit;
    if (text[i] >= '0' && text[i] <= '9') {
      digit = (uint32_t)(text[i] - '0');
    } else if (text[i] >= 'A' && text[i] <= 'F') {
      digit = (uint32_t)(text[i] - 'A') + 10u;
    } else {
      return false;
    }
    *value = (*value << 4) | digit;
  }
  return true;
}

/* ---- a command ---- */

static void answer_help(void) {
  say("Commands, each ended by %:");
  for (size_t i = 0; i < mlperf_tiny_command_count; i++) {
    text_string("  ");
    say(mlperf_tiny_commands[i].name);
  }
  for (size_t i = 0; i < device_command_count; i++) {
    text_string("  ");
    say(device_commands[i].name);
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

enum crc_tail { CRC_ABSENT, CRC_RIGHT, CRC_WRONG };

/* Looks for " *XXXXXXXX" at the end of the command and cuts it off. */
static enum crc_tail check_crc_tail(void) {
  uint32_t told;
  if (line_length < CRC_TAIL_BYTES || line[line_length - CRC_TAIL_BYTES] != ' ' ||
      line[line_length - CRC_TAIL_BYTES + 1] != '*') {
    return CRC_ABSENT;
  }
  if (!read_crc(line + line_length - 8, &told)) {
    return CRC_WRONG;
  }
  line_length -= CRC_TAIL_BYTES;
  return told == crc32_update(0, line, line_length) ? CRC_RIGHT : CRC_WRONG;
}

static bool carry_out_one_of(const struct command *commands, size_t count, size_t name_length, bool checked) {
  size_t arguments = name_length < line_length ? name_length + 1 : line_length;
  for (size_t i = 0; i < count; i++) {
    const char *name = commands[i].name;
    if (strlen(name) == name_length && memcmp(name, line, name_length) == 0 &&
        (commands[i].takes_arguments || name_length == line_length)) {
      struct request request = {line + arguments, line_length - arguments, checked};
      commands[i].answer(&request);
      return true;
    }
  }
  return false;
}

static void carry_out(void) {
  enum crc_tail tail = check_crc_tail();
  size_t name_length = 0;
  if (tail == CRC_WRONG) {
    say("e-crc");
    return;
  }
  while (name_length < line_length && line[name_length] != ' ') {
    name_length++;
  }
  if (line_length == 4 && memcmp(line, "help", 4) == 0) {
    answer_help();
  } else if (!carry_out_one_of(mlperf_tiny_commands, mlperf_tiny_command_count, name_length, tail == CRC_RIGHT) &&
             !carry_out_one_of(device_commands, device_command_count, name_length, tail == CRC_RIGHT)) {
    answer_unknown(line, line_length);
  }
}

/* ---- a binary frame ---- */

static uint32_t read_little_endian(const char *bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i > 0; i--) {
    value = (value << 8) | (uint8_t)bytes[i - 1];
  }
  return value;
}

static void take_frame(void) {
  char *content = line + 1;
  long length = frame_decode(content, line_length - 1);
  if (length < (long)(FRAME_OFFSET_BYTES + FRAME_CRC_BYTES)) {
    say("e-crc");
    return;
  }
  size_t checked = (size_t)length - FRAME_CRC_BYTES;
  if (crc32_update(0, content, checked) != read_little_endian(content + checked)) {
    say("e-crc");
    return;
  }
  write_input(read_little_endian(content), content + FRAME_OFFSET_BYTES, checked - FRAME_OFFSET_BYTES);
}

/* ---- the line ---- */

void protocol_receive(uint8_t byte) {
  bool in_frame = line_length > 0 && line[0] == FRAME_MARK;
  if ((byte == '\r' || byte == '\n') && !in_frame) {
    return;
  }
  if (byte != FRAME_DELIMITER) {
    if (line_length < sizeof line) {
      line[line_length++] = (char)byte;
    } else {
      line_overflowed = true;
    }
    return;
  }
  if (line_overflowed) {
    say("e-overflow");
  } else if (in_frame) {
    take_frame();
  } else if (line_length > 0) {
    carry_out();
  }
  line_length = 0;
  line_overflowed = false;
  say("m-ready");
}

void protocol_start(void) {
  timing_start();
  say("m-timestamp-mode-performance");
  timing_say(chipcast_timer_ticks());
  say("m-init-done");
  say("m-ready");
}
