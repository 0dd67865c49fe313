/* The 64-bit microsecond timer of an RP2040 (RP2040 Datasheet, 4.6).  Its tick comes from the watchdog, which a
 * board's start-up has to set up; in rp2040js it runs from the start. */
#include "chipcast_board.h"
#include "chipcast_config.h"

#define HIGH (*(volatile uint32_t *)(CHIPCAST_TIMER_BASE + 0x24u)) /* TIMERAWH */
#define LOW (*(volatile uint32_t *)(CHIPCAST_TIMER_BASE + 0x28u))  /* TIMERAWL */

#define RESETS_CLEAR (*(volatile uint32_t *)0x4000F000u) /* the atomic alias of RESET */
#define RESET_TIMER 0x00200000u

void chipcast_timer_start(void) { RESETS_CLEAR = RESET_TIMER; }

void chipcast_timer_interrupt(void) {}

uint64_t chipcast_timer_ticks(void) {
  uint32_t high = HIGH;
  for (;;) {
    const uint32_t low = LOW;
    const uint32_t again = HIGH;
    if (again == high) {
      return ((uint64_t)high << 32) | low;
    }
    high = again;
  }
}
