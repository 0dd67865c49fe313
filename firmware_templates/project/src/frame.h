/* Binary frames: COBS (Cheshire & Baker 1997, "Consistent Overhead Byte Stuffing"), every byte XORed with the
 * delimiter, so that a frame never holds a `%` and any `%` ends whatever came before it. */
#ifndef CHIPCAST_FRAME_H
#define CHIPCAST_FRAME_H

#include <stddef.h>

#define FRAME_MARK 0x01
#define FRAME_DELIMITER '%'

/* Decodes `length` bytes in place, over their own beginning.  Returns how many they are, or -1 where they are no
 * whole frame (its bytes are then undefined). */
long frame_decode(char *bytes, size_t length);

#endif
