/* The CMSDK APB timer (Arm Cortex-M System Design Kit Technical Reference Manual, DDI 0479, 4.4): 32 bits, counting
 * down.  Its interrupt counts the wraps, so that one inference may last longer than 2^32 ticks. */
#include "chipcast_board.h"
#include "chipcast_config.h"

struct cmsdk_timer {
  volatile uint32_t control, value, reload, interrupt;
};

#define TIMER ((struct cmsdk_timer *)CHIPCAST_TIMER_BASE)
#define CONTROL_ENABLE 0x1u
#define CONTROL_INTERRUPT_ENABLE 0x8u
#define INTERRUPT_PENDING 0x1u

/* NVIC_ISER, Armv7-M Architecture Reference Manual (DDI 0403), B3.4. */
#define NVIC_SET_ENABLE ((volatile uint32_t *)0xE000E100u)

static volatile uint32_t wraps;

void chipcast_timer_start(void) {
  TIMER->control = 0;
  TIMER->reload = 0xFFFFFFFFu;
  TIMER->value = 0xFFFFFFFFu;
  TIMER->interrupt = INTERRUPT_PENDING;
  NVIC_SET_ENABLE[CHIPCAST_TIMER_IRQ / 32u] = 1u << (CHIPCAST_TIMER_IRQ % 32u);
  TIMER->control = CONTROL_ENABLE | CONTROL_INTERRUPT_ENABLE;
}

void chipcast_timer_interrupt(void) {
  TIMER->interrupt = INTERRUPT_PENDING;
  wraps++;
}

uint64_t chipcast_timer_ticks(void) {
  uint32_t high;
  uint32_t value;
  /* A wrap may be pending but not yet counted: the flag is read after the value, and when it is set the value is
   * read again, which is then certainly one from after the wrap. */
  __asm__ volatile("cpsid i" ::: "memory");
  high = wraps;
  value = TIMER->value;
  if ((TIMER->interrupt & INTERRUPT_PENDING) != 0) {
    value = TIMER->value;
    high++;
  }
  __asm__ volatile("cpsie i" ::: "memory");
  return ((uint64_t)high << 32) | (0xFFFFFFFFu - value);
}
