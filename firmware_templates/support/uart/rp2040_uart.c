/* UART0 of an RP2040 on GPIO 0 and 1 (RP2040 Datasheet, 4.2 UART, 2.14 resets, 2.19.6 GPIO), polled.
 *
 * The receive interrupt is only there to end the core's sleep; what it announces is read by chipcast_uart_read. */
#include "chipcast_board.h"
#include "chipcast_config.h"

#define UART(offset) (*(volatile uint32_t *)(CHIPCAST_UART_BASE + (offset)))
#define DATA UART(0x00u)          /* UARTDR */
#define FLAGS UART(0x18u)         /* UARTFR */
#define DIVISOR UART(0x24u)       /* UARTIBRD */
#define DIVISOR_64THS UART(0x28u) /* UARTFBRD */
#define LINE_CONTROL UART(0x2Cu)  /* UARTLCR_H */
#define CONTROL UART(0x30u)       /* UARTCR */
#define INTERRUPT_MASK UART(0x38u) /* UARTIMSC */
#define FLAG_RECEIVE_EMPTY 0x10u
#define FLAG_TRANSMIT_FULL 0x20u
#define LINE_8N1_FIFO 0x70u
#define CONTROL_ENABLE 0x301u       /* UARTEN, TXE, RXE */
#define INTERRUPT_RECEIVED 0x50u    /* RXIM, RTIM: the FIFO's level, or a byte that has waited */

#define RESETS_CLEAR (*(volatile uint32_t *)0x4000F000u) /* the atomic alias of RESET */
#define RESET_DONE (*(volatile uint32_t *)0x4000C008u)
#define RESET_IO_BANK0_UART0 0x00400020u
#define CLK_PERI_CTRL (*(volatile uint32_t *)0x40008048u)
#define CLOCK_ENABLE 0x800u
#define GPIO0_CTRL (*(volatile uint32_t *)0x40014004u)
#define GPIO1_CTRL (*(volatile uint32_t *)0x4001400Cu)
#define FUNCTION_UART 2u

/* NVIC_ISER and NVIC_ICER, Armv6-M Architecture Reference Manual (DDI 0419), B3.4. */
#define NVIC_SET_ENABLE (*(volatile uint32_t *)0xE000E100u)
#define NVIC_CLEAR_ENABLE (*(volatile uint32_t *)0xE000E180u)
#define IRQ_BIT (1u << CHIPCAST_UART_IRQ)

void chipcast_uart_start(void) {
  /* In 64ths of the sixteenfold oversampled bit, rounded. */
  const uint32_t divisor = (uint32_t)((CHIPCAST_CLOCK_HZ * 8u / CHIPCAST_UART_BAUD + 1u) / 2u);
  RESETS_CLEAR = RESET_IO_BANK0_UART0;
  while ((RESET_DONE & RESET_IO_BANK0_UART0) != RESET_IO_BANK0_UART0) {
  }
  CLK_PERI_CTRL = CLOCK_ENABLE;
  GPIO0_CTRL = FUNCTION_UART;
  GPIO1_CTRL = FUNCTION_UART;
  DIVISOR = divisor >> 6;
  DIVISOR_64THS = divisor & 63u;
  LINE_CONTROL = LINE_8N1_FIFO;
  INTERRUPT_MASK = INTERRUPT_RECEIVED;
  CONTROL = CONTROL_ENABLE;
}

/* The request stays until the bytes are read, so it is only enabled while the core sleeps. */
void chipcast_uart_interrupt(void) { NVIC_CLEAR_ENABLE = IRQ_BIT; }

uint8_t chipcast_uart_read(void) {
  while ((FLAGS & FLAG_RECEIVE_EMPTY) != 0) {
    /* With interrupts masked, one that comes between the test and WFI still ends the sleep. */
    __asm__ volatile("cpsid i" ::: "memory");
    NVIC_SET_ENABLE = IRQ_BIT;
    if ((FLAGS & FLAG_RECEIVE_EMPTY) != 0) {
      __asm__ volatile("dsb\n wfi" ::: "memory");
    }
    __asm__ volatile("cpsie i\n isb" ::: "memory");
  }
  return (uint8_t)DATA;
}

void chipcast_uart_write(const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    while ((FLAGS & FLAG_TRANSMIT_FULL) != 0) {
    }
    DATA = (uint8_t)bytes[i];
  }
}
