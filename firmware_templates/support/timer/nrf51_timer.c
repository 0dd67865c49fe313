/* TIMER0 of an nRF51 (Nordic nRF51 Series Reference Manual, TIMER): 32 bits at 16 MHz.  It is read at least
 * twice in its range, on compare events, so that no wrap is missed and one inference may last longer than 2^32
 * ticks. */
#include "chipcast_board.h"
#include "chipcast_config.h"

#define REGISTER(offset) (*(volatile uint32_t *)(CHIPCAST_TIMER_BASE + (offset)))
#define TASKS_START REGISTER(0x000u)
#define TASKS_CLEAR REGISTER(0x00Cu)
#define TASKS_CAPTURE0 REGISTER(0x040u)
#define EVENTS_COMPARE1 REGISTER(0x144u)
#define EVENTS_COMPARE2 REGISTER(0x148u)
#define INTENSET REGISTER(0x304u)
#define MODE REGISTER(0x504u)
#define BITMODE REGISTER(0x508u)
#define PRESCALER REGISTER(0x510u)
#define CC0 REGISTER(0x540u)
#define CC1 REGISTER(0x544u)
#define CC2 REGISTER(0x548u)
#define INTERRUPT_COMPARE1_2 0x60000u
#define BITMODE_32 3u

/* NVIC_ISER, Armv6-M Architecture Reference Manual (DDI 0419), B3.4. */
#define NVIC_SET_ENABLE (*(volatile uint32_t *)0xE000E100u)

static volatile uint32_t wraps, last;

void chipcast_timer_start(void) {
  MODE = 0;
  BITMODE = BITMODE_32;
  PRESCALER = 0;
  CC1 = 0x40000000u;
  CC2 = 0x80000000u;
  EVENTS_COMPARE1 = 0;
  EVENTS_COMPARE2 = 0;
  INTENSET = INTERRUPT_COMPARE1_2;
  NVIC_SET_ENABLE = 1u << CHIPCAST_TIMER_IRQ;
  TASKS_CLEAR = 1;
  TASKS_START = 1;
}

/* With interrupts masked. */
static uint64_t read(void) {
  TASKS_CAPTURE0 = 1;
  const uint32_t low = CC0;
  if (low < last) {
    wraps++;
  }
  last = low;
  return ((uint64_t)wraps << 32) | low;
}

void chipcast_timer_interrupt(void) {
  EVENTS_COMPARE1 = 0;
  EVENTS_COMPARE2 = 0;
  (void)read();
}

uint64_t chipcast_timer_ticks(void) {
  __asm__ volatile("cpsid i" ::: "memory");
  const uint64_t ticks = read();
  __asm__ volatile("cpsie i" ::: "memory");
  return ticks;
}
