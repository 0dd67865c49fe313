// The line to the host as the Arduino core has it: Serial, with its interrupts and buffers.
#include <Arduino.h>

#include <avr/sleep.h>

extern "C" {
#include "chipcast_board.h"
#include "chipcast_config.h"
}

extern "C" void chipcast_uart_start(void) { Serial.begin(CHIPCAST_UART_BAUD); }

extern "C" void chipcast_uart_interrupt(void) {}

extern "C" uint8_t chipcast_uart_read(void) {
  while (Serial.available() == 0) {
    // Every interrupt ends it, the core's own timer's within a millisecond.
    set_sleep_mode(SLEEP_MODE_IDLE);
    sleep_mode();
  }
  return static_cast<uint8_t>(Serial.read());
}

extern "C" void chipcast_uart_write(const char *bytes, size_t count) {
  Serial.write(reinterpret_cast<const uint8_t *>(bytes), count);
}
