/* What the protocol's commands share: how one is told, and how its arguments are read. */
#ifndef CHIPCAST_COMMANDS_H
#define CHIPCAST_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of one `in`, text or binary; of one `c-out` or `c-tensor`. */
#define CHUNK_BYTES 512u
#define PIECE_BYTES 96u
/* How many bytes a host may have sent without having their acknowledgement: none of them waits here, so this
 * bounds what one lost byte can cost, not a buffer. */
#define WINDOW_BYTES 2048u
/* Nineteen digits do not leave 64 bits. */
#define DECIMAL_DIGITS 19u
/* The most inferences that one command may ask for, so that none takes the line for ever. */
#define RUNS_MAX 100000u

/* What follows a command's name and its blank; `checked`: a CRC was there, and right.  Handlers may overwrite it. */
struct request {
  char *arguments;
  size_t length;
  bool checked;
};

struct command {
  const char *name;
  bool takes_arguments;
  void (*answer)(const struct request *request);
};

extern const struct command mlperf_tiny_commands[];
extern const size_t mlperf_tiny_command_count;
extern const struct command device_commands[];
extern const size_t device_command_count;

/* Says one whole line without a CRC. */
void say(const char *whole_line);

/* Reads the decimal number at the start of `text`; returns the count of its digits, 0 where there is no number of
 * at most DECIMAL_DIGITS digits. */
size_t read_decimal(const char *text, size_t length, uint64_t *value);

/* Reads exactly `length` characters as two numbers with a blank between; false where they are anything else. */
bool read_two_decimals(const char *text, size_t length, uint64_t *first, uint64_t *second);

/* Reads eight upper-case hexadecimal digits; false where one is none. */
bool read_crc(const char *text, uint32_t *value);

/* Looks at the timer: to be called once, before anything else here. */
void timing_start(void);
/* Whether the timer was seen to advance, and the smallest step between two readings. */
bool timing_works(void);
uint64_t timing_resolution(void);
/* Says `m-lap-us-N` for a reading of the timer, or `e-timer` where the timer stands still. */
void timing_say(uint64_t ticks);
uint64_t timing_microseconds(uint64_t ticks);

/* Writes `count` bytes of a binary or text `in` to the input buffer and says so; `e-range` where they do not fit. */
void write_input(uint64_t offset, const void *bytes, size_t count);

#endif
