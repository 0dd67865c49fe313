/* TIM2 and TIM5 of an STM32 (ST RM0090, 18.4), both 32 bits: TIM2 counts every tick, TIM5 every 65536th, and so how
 * often TIM2 has wrapped.  No interrupt comes between the instructions that are timed. */
#include "chipcast_board.h"
#include "chipcast_config.h"

struct general_purpose_timer {
  volatile uint32_t control1, control2, slave, interrupts, status, event, mode1, mode2, enable;
  volatile uint32_t count, prescaler, reload;
};

#define FINE ((struct general_purpose_timer *)CHIPCAST_TIMER_BASE)
#define COARSE ((struct general_purpose_timer *)0x40000C00u)
#define CONTROL_ENABLE 0x1u /* CEN */
#define EVENT_UPDATE 0x1u   /* UG: takes the prescaler over */
#define RCC_APB1ENR (*(volatile uint32_t *)0x40023840u)
#define APB1ENR_TIM2_TIM5 0x9u

static void start(struct general_purpose_timer *timer, uint32_t prescaler) {
  timer->prescaler = prescaler;
  timer->reload = 0xFFFFFFFFu;
  timer->event = EVENT_UPDATE;
  timer->status = 0;
  timer->count = 0;
  timer->control1 = CONTROL_ENABLE;
}

void chipcast_timer_start(void) {
  RCC_APB1ENR |= APB1ENR_TIM2_TIM5;
  start(FINE, 0);
  start(COARSE, 65535u);
}

void chipcast_timer_interrupt(void) {}

uint64_t chipcast_timer_ticks(void) {
  const uint32_t fine = FINE->count;
  const uint64_t about = (uint64_t)COARSE->count << 16;
  /* The two agree to far less than half a wrap of TIM2. */
  const uint64_t wraps = (about + 0x80000000u - fine) >> 32;
  return (wraps << 32) | fine;
}
