/* Base64 of RFC 4648, section 4: standard alphabet, padding required. */
#ifndef CHIPCAST_BASE64_H
#define CHIPCAST_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Decodes `length` characters in place, over their own beginning.  Returns the number of bytes, or -1 where
 * the text is not canonical base64 (its bytes are then undefined). */
long base64_decode(char *text, size_t length);

/* Writes the four characters of one to three bytes, padded, without a terminating zero. */
void base64_encode_group(char out[4], const uint8_t *bytes, size_t count);

#endif
