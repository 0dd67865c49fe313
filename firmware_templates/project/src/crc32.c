#include "crc32.h"

/* Entry n is the CRC register after shifting the nibble n through it.  Sixteen entries, not 256: the table
 * takes 64 bytes of flash, and a command is checked in a small part of the time it takes to arrive. */
static const uint32_t nibble_table[16] = {
    0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
    0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu, 0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
};

uint32_t crc32_update(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *byte = (const uint8_t *)bytes;
  crc = ~crc;
  while (count-- > 0) {
    crc ^= *byte++;
    crc = (crc >> 4) ^ nibble_table[crc & 15u];
    crc = (crc >> 4) ^ nibble_table[crc & 15u];
  }
  return ~crc;
}
