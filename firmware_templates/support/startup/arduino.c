/* An Arduino core's start-up has run before main, but has not set up its timers yet; the stack's use cannot be told. */
#include "board.h"

uint32_t stack_reserved_bytes(void) { return 0; }

uint32_t stack_used_bytes(void) { return 0; }
