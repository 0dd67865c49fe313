/* The CMSDK APB UART (Arm Cortex-M System Design Kit Technical Reference Manual, DDI 0479, 4.3), polled.
 *
 * A polled receiver loses nothing on an emulated board, which holds its sender back.  The receive interrupt is only
 * there to end the core's sleep: an idle simulated board then takes no host processor time. */
#include "chipcast_board.h"
#include "chipcast_config.h"

struct cmsdk_uart {
  volatile uint32_t data, state, control, interrupt, baud_divider;
};

#define UART ((struct cmsdk_uart *)CHIPCAST_UART_BASE)
#define STATE_TRANSMIT_FULL 0x1u
#define STATE_RECEIVE_FULL 0x2u
#define CONTROL_TRANSMIT_ENABLE 0x1u
#define CONTROL_RECEIVE_ENABLE 0x2u
#define CONTROL_RECEIVE_INTERRUPT 0x8u
#define INTERRUPT_RECEIVE 0x2u

/* NVIC_ISER, Armv7-M Architecture Reference Manual (DDI 0403), B3.4. */
#define NVIC_SET_ENABLE ((volatile uint32_t *)0xE000E100u)

void chipcast_uart_start(void) {
  uint32_t divider = (uint32_t)(CHIPCAST_CLOCK_HZ / CHIPCAST_UART_BAUD);
  UART->baud_divider = divider < 16u ? 16u : divider; /* the smallest that the UART accepts */
  UART->control = CONTROL_TRANSMIT_ENABLE | CONTROL_RECEIVE_ENABLE;
#ifdef CHIPCAST_UART_IRQ
  UART->control |= CONTROL_RECEIVE_INTERRUPT;
  NVIC_SET_ENABLE[CHIPCAST_UART_IRQ / 32u] = 1u << (CHIPCAST_UART_IRQ % 32u);
#endif
}

void chipcast_uart_interrupt(void) { UART->interrupt = INTERRUPT_RECEIVE; }

uint8_t chipcast_uart_read(void) {
  while ((UART->state & STATE_RECEIVE_FULL) == 0) {
#ifdef CHIPCAST_UART_IRQ
    /* With interrupts masked, one that comes between the test and WFI still ends the sleep. */
    __asm__ volatile("cpsid i" ::: "memory");
    if ((UART->state & STATE_RECEIVE_FULL) == 0) {
      __asm__ volatile("dsb\n wfi" ::: "memory");
    }
    __asm__ volatile("cpsie i\n isb" ::: "memory");
#endif
  }
  return (uint8_t)UART->data;
}

void chipcast_uart_write(const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    while ((UART->state & STATE_TRANSMIT_FULL) != 0) {
    }
    UART->data = (uint8_t)bytes[i];
  }
}
