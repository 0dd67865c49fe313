// The line to the host as the framework has it: Serial, a UART or the part's own USB, with its interrupts and buffers.
#include "sketch.h"

extern "C" {
#include "chipcast_board.h"
#include "chipcast_config.h"
}

// On USB the banner is said to nobody until a host opens the port; it is not waited for, as a board on a charger must
// not stand still.
extern "C" void chipcast_uart_start(void) { Serial.begin(CHIPCAST_UART_BAUD); }

extern "C" void chipcast_uart_interrupt(void) {}

extern "C" uint8_t chipcast_uart_read(void) {
  while (Serial.available() == 0) {
#ifdef ARDUINO_ARCH_ESP32
    // Its watchdog wants the idle task to run, which has a lower priority than this one.
    delay(1);
#else
    yield();
#endif
  }
  return static_cast<uint8_t>(Serial.read());
}

// A USB port takes what it has room for.
extern "C" void chipcast_uart_write(const char *bytes, size_t count) {
  while (count > 0) {
    const size_t taken = Serial.write(reinterpret_cast<const uint8_t *>(bytes), count);
    if (taken == 0) {
      // Nobody reads: what is not taken is lost, as on a wire, and the host asks again.
      return;
    }
    bytes += taken;
    count -= taken < count ? taken : count;
  }
}
