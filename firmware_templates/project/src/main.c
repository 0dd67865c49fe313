#include "board.h"
#include "model_model.h"
#include "protocol.h"

int main(void) {
  timer_start();
  uart_start();
  model_reset();
  protocol_start();
  for (;;) {
    protocol_receive(uart_read());
  }
}
