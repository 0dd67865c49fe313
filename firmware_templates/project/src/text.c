#include "text.h"

#include <string.h>

#include "base64.h"
#include "chipcast_board.h"
#include "crc32.h"

static uint32_t line_crc;

void text_bytes(const char *bytes, size_t count) {
  line_crc = crc32_update(line_crc, bytes, count);
  chipcast_uart_write(bytes, count);
}

void text_string(const char *string) { text_bytes(string, strlen(string)); }

void text_decimal(uint64_t value) {
  char digits[20]; /* 2^64 - 1 has twenty */
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + (int)(value % 10u));
    value /= 10u;
  } while (value != 0);
  text_bytes(digits + at, sizeof digits - at);
}

void text_hexadecimal(uint32_t value) {
  char digits[8];
  for (size_t i = 0; i < sizeof digits; i++) {
    digits[i] = "0123456789ABCDEF"[(value >> (28 - 4 * i)) & 15u];
  }
  text_bytes(digits, sizeof digits);
}

/* Takes the whole part, below 2^64, off a float that is not negative. By halves: a core without double precision
 * would compute the conversion to 64 bits in it, in two kilobytes of code. All steps are exact. */
static uint64_t whole_of(float *value) {
  const uint32_t high = (uint32_t)(*value / 4294967296.0f);
  *value -= (float)high * 4294967296.0f;
  const uint32_t low = (uint32_t)*value;
  *value -= (float)low;
  return (uint64_t)high << 32 | low;
}

void text_real(float value) {
  char digits[9];
  if (value != value) {
    text_string("nan");
    return;
  }
  if (value < 0.0f) {
    text_string("-");
    value = -value;
  }
  if (value >= 18446744073709551616.0f) { /* 2^64 */
    text_string("inf");
    return;
  }
  uint64_t whole = whole_of(&value);
  /* A float below 1 in 2^-32 steps, then in 10^-9 steps, rounded: neither product leaves 64 bits. */
  value *= 4294967296.0f;
  uint64_t rest = whole_of(&value);
  rest = (rest * 1000000000u + 2147483648u) >> 32;
  if (rest == 1000000000u) {
    whole++;
    rest = 0;
  }
  text_decimal(whole);
  text_string(".");
  for (size_t at = sizeof digits; at > 0; at--) {
    digits[at - 1] = (char)('0' + (int)(rest % 10u));
    rest /= 10u;
  }
  text_bytes(digits, sizeof digits);
}

void text_base64(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i += 3) {
    char group[4];
    base64_encode_group(group, bytes + i, count - i < 3 ? count - i : 3);
    text_bytes(group, sizeof group);
  }
}

static void begin_field(const char *key) {
  text_string(" ");
  text_string(key);
  text_string("=");
}

void text_field(const char *key, const char *value) {
  begin_field(key);
  text_string(value);
}

void text_field_decimal(const char *key, uint64_t value) {
  begin_field(key);
  text_decimal(value);
}

void text_field_hexadecimal(const char *key, uint32_t value) {
  begin_field(key);
  text_hexadecimal(value);
}

void text_end_line(void) {
  chipcast_uart_write("\r\n", 2);
  line_crc = 0;
}

void text_end_checked_line(void) {
  uint32_t crc = line_crc;
  text_string(" *");
  text_hexadecimal(crc);
  text_end_line();
}
