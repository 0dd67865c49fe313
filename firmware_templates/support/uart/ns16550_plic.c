/* A 16550 (National Semiconductor PC16550D data sheet, 8) behind a platform-level interrupt controller (RISC-V PLIC
 * specification, memory map), polled.
 *
 * The receive interrupt only ends the core's sleep: WFI wakes for an interrupt that is enabled in mie even where
 * mstatus does not let it be taken. */
#include "chipcast_board.h"
#include "chipcast_config.h"

#define REGISTER(number) (*(volatile uint8_t *)(CHIPCAST_UART_BASE + (number)))
#define DATA REGISTER(0u)
#define INTERRUPT_ENABLE REGISTER(1u)
#define FIFO_CONTROL REGISTER(2u)
#define LINE_CONTROL REGISTER(3u)
#define LINE_STATUS REGISTER(5u)
#define INTERRUPT_RECEIVED 0x01u
#define FIFO_ENABLE 0x01u
#define LINE_8N1 0x03u
#define LINE_DIVISOR 0x80u
#define STATUS_RECEIVED 0x01u
#define STATUS_EMPTY 0x20u
/* QEMU's virt machine, device tree: clock-frequency of the serial port. */
#define UART_HZ 3686400u

#define PLIC 0x0C000000u
#define PLIC_PRIORITY (*(volatile uint32_t *)(PLIC + 4u * CHIPCAST_UART_IRQ))
#define PLIC_ENABLE (*(volatile uint32_t *)(PLIC + 0x2000u))
#define PLIC_THRESHOLD (*(volatile uint32_t *)(PLIC + 0x200000u))
#define PLIC_CLAIM (*(volatile uint32_t *)(PLIC + 0x200004u))
#define MIE_EXTERNAL 0x800u /* MEIE */

void chipcast_uart_start(void) {
  const uint32_t divisor = (UART_HZ + 8u * CHIPCAST_UART_BAUD) / (16u * CHIPCAST_UART_BAUD);
  LINE_CONTROL = LINE_8N1 | LINE_DIVISOR;
  DATA = (uint8_t)divisor;
  INTERRUPT_ENABLE = (uint8_t)(divisor >> 8);
  LINE_CONTROL = LINE_8N1;
  FIFO_CONTROL = FIFO_ENABLE;
  INTERRUPT_ENABLE = INTERRUPT_RECEIVED;
  PLIC_PRIORITY = 1;
  PLIC_ENABLE = 1u << CHIPCAST_UART_IRQ;
  PLIC_THRESHOLD = 0;
  __asm__ volatile("csrs mie, %0" : : "r"(MIE_EXTERNAL));
}

void chipcast_uart_interrupt(void) {}

uint8_t chipcast_uart_read(void) {
  while ((LINE_STATUS & STATUS_RECEIVED) == 0) {
    /* An interrupt that has been claimed and completed comes again while a byte waits. */
    const uint32_t source = PLIC_CLAIM;
    if (source != 0) {
      PLIC_CLAIM = source;
    } else {
      __asm__ volatile("wfi" ::: "memory");
    }
  }
  return DATA;
}

void chipcast_uart_write(const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    while ((LINE_STATUS & STATUS_EMPTY) == 0) {
    }
    DATA = (uint8_t)bytes[i];
  }
}
