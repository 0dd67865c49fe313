/* The system timer of Arm's SSE-300 and its counter (Arm Corstone SSE-300 Technical Reference Manual, system counter
 * and system timer; as in the Arm Architecture Reference Manual, CNTPCT), 64 bits. */
#include "chipcast_board.h"
#include "chipcast_config.h"

#define COUNTER_CONTROL (*(volatile uint32_t *)0x58100000u) /* CNTCR */
#define COUNTER_ENABLE 0x1u
#define COUNT_LOW (*(volatile uint32_t *)(CHIPCAST_TIMER_BASE + 0u))
#define COUNT_HIGH (*(volatile uint32_t *)(CHIPCAST_TIMER_BASE + 4u))

void chipcast_timer_start(void) { COUNTER_CONTROL |= COUNTER_ENABLE; }

void chipcast_timer_interrupt(void) {}

uint64_t chipcast_timer_ticks(void) {
  uint32_t high = COUNT_HIGH;
  for (;;) {
    const uint32_t low = COUNT_LOW;
    const uint32_t again = COUNT_HIGH;
    if (again == high) {
      return ((uint64_t)high << 32) | low;
    }
    high = again;
  }
}
