/* CRC-32 as zlib computes it (reflected polynomial 0xEDB88320, initial value and final XOR 0xFFFFFFFF). */
#ifndef CHIPCAST_CRC32_H
#define CHIPCAST_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The CRC-32 of `bytes` that follow data whose CRC-32 is `crc` (0 for the first piece). */
uint32_t crc32_update(uint32_t crc, const void *bytes, size_t count);

#endif
