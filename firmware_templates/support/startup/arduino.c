/* An Arduino core's start-up has run before main, but has not set up its timers yet; the stack's use cannot be told. */
#include "chipcast_board.h"

uint32_t chipcast_stack_reserved_bytes(void) { return 0; }

uint32_t chipcast_stack_used_bytes(void) { return 0; }
