/* Numbers and lines for the host.  No printf: it would bring more code than the rest of the firmware. */
#ifndef CHIPCAST_TEXT_H
#define CHIPCAST_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Pieces of the line that is being written; its CRC-32 is kept along the way. */
void text_string(const char *string);
void text_bytes(const char *bytes, size_t count);
void text_decimal(uint64_t value);
void text_hexadecimal(uint32_t value);
/* Nine decimals, exact to 2^-32; `nan` and `inf` by name. */
void text_real(float value);
void text_base64(const uint8_t *bytes, size_t count);
/* `key=value` with the blank before it. */
void text_field(const char *key, const char *value);
void text_field_decimal(const char *key, uint64_t value);
void text_field_hexadecimal(const char *key, uint32_t value);

/* Ends the line plainly, or as a checked line with its CRC-32. */
void text_end_line(void);
void text_end_checked_line(void);

#endif
