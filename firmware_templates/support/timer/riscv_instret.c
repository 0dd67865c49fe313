/* The counter of executed instructions that every RISC-V core has (The RISC-V Instruction Set Manual, volume II,
 * 3.1.10: minstret), 64 bits. */
#include "chipcast_board.h"

static uint32_t high_word(void) {
  uint32_t value;
  __asm__ volatile("csrr %0, minstreth" : "=r"(value));
  return value;
}

void chipcast_timer_start(void) {}

void chipcast_timer_interrupt(void) {}

uint64_t chipcast_timer_ticks(void) {
  uint32_t high = high_word();
  for (;;) {
    uint32_t low;
    __asm__ volatile("csrr %0, minstret" : "=r"(low));
    const uint32_t again = high_word();
    if (again == high) {
      return ((uint64_t)high << 32) | low;
    }
    high = again;
  }
}
