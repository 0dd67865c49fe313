#include "base64.h"

static int digit_value(char c) {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }
  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }
  if (c >= '0' && c <= '9') {
    return c - '0' + 52;
  }
  if (c == '+') {
    return 62;
  }
  return c == '/' ? 63 : -1;
}

long base64_decode(char *text, size_t length) {
  size_t padding = 0;
  size_t written = 0;
  if (length % 4 != 0) {
    return -1;
  }
  while (padding < 2 && padding < length && text[length - 1 - padding] == '=') {
    padding++;
  }
  for (size_t group = 0; group < length; group += 4) {
    size_t digits = group + 4 == length ? 4 - padding : 4;
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
      int value = i < digits ? digit_value(text[group + i]) : 0;
      if (value < 0) {
        return -1;
      }
      bits = (bits << 6) | (uint32_t)value;
    }
    /* The bits that padding cuts off must be zero: one byte string has one spelling. */
    if ((digits == 2 && (bits & 0xFFFFu) != 0) || (digits == 3 && (bits & 0xFFu) != 0)) {
      return -1;
    }
    for (size_t i = 0; i + 1 < digits; i++) {
      text[written++] = (char)(uint8_t)(bits >> (16 - 8 * i));
    }
  }
  return (long)written;
}

void base64_encode_group(char out[4], const uint8_t *bytes, size_t count) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t bits = (uint32_t)bytes[0] << 16;
  if (count > 1) {
    bits |= (uint32_t)bytes[1] << 8;
  }
  if (count > 2) {
    bits |= bytes[2];
  }
  for (size_t i = 0; i < 4; i++) {
    out[i] = i <= count ? alphabet[(bits >> (18 - 6 * i)) & 63u] : '=';
  }
}
