#include "board.h"
#include "inference.h"
#include "protocol.h"

int main(void) {
  timer_start();
  uart_start();
  inference_start();
  protocol_start();
  for (;;) {
    protocol_receive(uart_read());
  }
}
