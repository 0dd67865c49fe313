#include "chipcast_board.h"
#include "inference.h"
#include "protocol.h"

int main(void) {
  chipcast_timer_start();
  chipcast_uart_start();
  inference_start();
  protocol_start();
  for (;;) {
    protocol_receive(chipcast_uart_read());
  }
}
