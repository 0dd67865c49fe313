#include "frame.h"

#include <stdint.h>

long frame_decode(char *bytes, size_t length) {
  size_t read = 0;
  size_t written = 0;
  while (read < length) {
    /* A group: its length plus one, and that many bytes; a zero follows it unless it is full or the last. */
    uint8_t code = (uint8_t)((uint8_t)bytes[read++] ^ (uint8_t)FRAME_DELIMITER);
    if (code == 0 || (size_t)code - 1 > length - read) {
      return -1;
    }
    for (uint8_t i = 1; i < code; i++) {
      bytes[written++] = (char)((uint8_t)bytes[read++] ^ (uint8_t)FRAME_DELIMITER);
    }
    if (code != 0xFF && read < length) {
      bytes[written++] = 0;
    }
  }
  return (long)written;
}
