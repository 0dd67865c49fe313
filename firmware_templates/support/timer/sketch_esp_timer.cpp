// ESP-IDF's high-resolution timer: microseconds since boot, 64 bits, whatever the core's clock does.
#include "sketch.h"

#include <esp_timer.h>

extern "C" {
#include "chipcast_board.h"
}

extern "C" void chipcast_timer_start(void) {}

extern "C" void chipcast_timer_interrupt(void) {}

extern "C" uint64_t chipcast_timer_ticks(void) { return static_cast<uint64_t>(esp_timer_get_time()); }
