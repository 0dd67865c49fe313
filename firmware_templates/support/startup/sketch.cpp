// The firmware as a sketch: the framework's main has set up clocks, memory and USB, and calls these two.  The stack is
// the framework's, and how much of it is in use cannot be told.
#include "sketch.h"

extern "C" {
#include "chipcast_board.h"
#include "inference.h"
#include "protocol.h"
}

void setup() {
  chipcast_timer_start();
  chipcast_uart_start();
  inference_start();
  protocol_start();
}

void loop() { protocol_receive(chipcast_uart_read()); }

extern "C" uint32_t chipcast_stack_reserved_bytes(void) { return 0; }

extern "C" uint32_t chipcast_stack_used_bytes(void) { return 0; }
