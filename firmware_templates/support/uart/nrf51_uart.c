/* The UART of an nRF51 (Nordic nRF51 Series Reference Manual, 5.2 of its peripherals: UART), polled, on the
 * micro:bit's pins to its interface chip.
 *
 * The receive interrupt is only there to end the core's sleep; what it announces is read by chipcast_uart_read. */
#include "chipcast_board.h"
#include "chipcast_config.h"

#define REGISTER(offset) (*(volatile uint32_t *)(CHIPCAST_UART_BASE + (offset)))
#define TASKS_STARTRX REGISTER(0x000u)
#define TASKS_STARTTX REGISTER(0x008u)
#define EVENTS_RXDRDY REGISTER(0x108u)
#define EVENTS_TXDRDY REGISTER(0x11Cu)
#define INTENSET REGISTER(0x304u)
#define ENABLE REGISTER(0x500u)
#define PSELTXD REGISTER(0x50Cu)
#define PSELRXD REGISTER(0x514u)
#define RXD REGISTER(0x518u)
#define TXD REGISTER(0x51Cu)
#define BAUDRATE REGISTER(0x524u)
#define ENABLE_UART 4u
#define INTERRUPT_RXDRDY 0x4u
/* micro:bit schematic, KL26 interface. */
#define PIN_TXD 24u
#define PIN_RXD 25u

/* NVIC_ISER and NVIC_ICER, Armv6-M Architecture Reference Manual (DDI 0419), B3.4. */
#define NVIC_SET_ENABLE (*(volatile uint32_t *)0xE000E100u)
#define NVIC_CLEAR_ENABLE (*(volatile uint32_t *)0xE000E180u)
#define IRQ_BIT (1u << CHIPCAST_UART_IRQ)

void chipcast_uart_start(void) {
  PSELTXD = PIN_TXD;
  PSELRXD = PIN_RXD;
  /* The rate is a share of 2^32 of the 16 MHz clock, in the register's upper 20 bits. */
  BAUDRATE = (uint32_t)((((uint64_t)CHIPCAST_UART_BAUD << 32) / CHIPCAST_CLOCK_HZ + 0x800u) & 0xFFFFF000u);
  ENABLE = ENABLE_UART;
  EVENTS_RXDRDY = 0;
  EVENTS_TXDRDY = 0;
  INTENSET = INTERRUPT_RXDRDY;
  TASKS_STARTRX = 1;
  TASKS_STARTTX = 1;
}

/* The request stays until the event is cleared, so it is only enabled while the core sleeps. */
void chipcast_uart_interrupt(void) { NVIC_CLEAR_ENABLE = IRQ_BIT; }

uint8_t chipcast_uart_read(void) {
  while (EVENTS_RXDRDY == 0) {
    /* With interrupts masked, one that comes between the test and WFI still ends the sleep. */
    __asm__ volatile("cpsid i" ::: "memory");
    NVIC_SET_ENABLE = IRQ_BIT;
    if (EVENTS_RXDRDY == 0) {
      __asm__ volatile("dsb\n wfi" ::: "memory");
    }
    __asm__ volatile("cpsie i\n isb" ::: "memory");
  }
  EVENTS_RXDRDY = 0; /* before the byte is read: the next one may be there then */
  return (uint8_t)RXD;
}

void chipcast_uart_write(const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    TXD = (uint8_t)bytes[i];
    while (EVENTS_TXDRDY == 0) {
    }
    EVENTS_TXDRDY = 0;
  }
}
