/* USART1 of an STM32F4 on PA9 and PA10 (ST RM0090, 30.6, 8.4, 7.3), polled.
 *
 * The receive interrupt is only there to end the core's sleep; what it announces is read by chipcast_uart_read. */
#include "chipcast_board.h"
#include "chipcast_config.h"

struct usart {
  volatile uint32_t status, data, baud_rate, control1, control2, control3;
};

#define USART ((struct usart *)CHIPCAST_UART_BASE)
#define STATUS_RECEIVED 0x20u   /* RXNE */
#define STATUS_EMPTY 0x80u      /* TXE */
#define CONTROL1_RECEIVE 0x4u   /* RE */
#define CONTROL1_TRANSMIT 0x8u  /* TE */
#define CONTROL1_INTERRUPT 0x20u /* RXNEIE */
#define CONTROL1_ENABLE 0x2000u /* UE */

#define RCC_AHB1ENR (*(volatile uint32_t *)0x40023830u)
#define RCC_APB2ENR (*(volatile uint32_t *)0x40023844u)
#define AHB1ENR_GPIOA 0x1u
#define APB2ENR_USART1 0x10u
#define GPIOA_MODER (*(volatile uint32_t *)0x40020000u)
#define GPIOA_AFRH (*(volatile uint32_t *)0x40020024u)
#define MODER_MASK 0x003C0000u /* pins 9 and 10 */
#define MODER_ALTERNATE 0x00280000u
#define AFRH_MASK 0x00000FF0u
#define AFRH_USART1 0x00000770u

/* NVIC_ISER and NVIC_ICER, Armv7-M Architecture Reference Manual (DDI 0403), B3.4. */
#define NVIC_SET_ENABLE ((volatile uint32_t *)0xE000E100u)
#define NVIC_CLEAR_ENABLE ((volatile uint32_t *)0xE000E180u)
#define IRQ_WORD (CHIPCAST_UART_IRQ / 32u)
#define IRQ_BIT (1u << (CHIPCAST_UART_IRQ % 32u))

void chipcast_uart_start(void) {
  RCC_AHB1ENR |= AHB1ENR_GPIOA;
  RCC_APB2ENR |= APB2ENR_USART1;
  GPIOA_AFRH = (GPIOA_AFRH & ~AFRH_MASK) | AFRH_USART1;
  GPIOA_MODER = (GPIOA_MODER & ~MODER_MASK) | MODER_ALTERNATE;
  /* Sixteenths of the divider of a sixteenfold oversampled clock: the clock over the rate. */
  USART->baud_rate = (uint32_t)((CHIPCAST_CLOCK_HZ + CHIPCAST_UART_BAUD / 2u) / CHIPCAST_UART_BAUD);
  USART->control1 = CONTROL1_ENABLE | CONTROL1_TRANSMIT | CONTROL1_RECEIVE | CONTROL1_INTERRUPT;
}

/* The request stays until the byte is read, so it is only enabled while the core sleeps. */
void chipcast_uart_interrupt(void) { NVIC_CLEAR_ENABLE[IRQ_WORD] = IRQ_BIT; }

uint8_t chipcast_uart_read(void) {
  while ((USART->status & STATUS_RECEIVED) == 0) {
    /* With interrupts masked, one that comes between the test and WFI still ends the sleep. */
    __asm__ volatile("cpsid i" ::: "memory");
    NVIC_SET_ENABLE[IRQ_WORD] = IRQ_BIT;
    if ((USART->status & STATUS_RECEIVED) == 0) {
      __asm__ volatile("dsb\n wfi" ::: "memory");
    }
    __asm__ volatile("cpsie i\n isb" ::: "memory");
  }
  return (uint8_t)USART->data;
}

void chipcast_uart_write(const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    while ((USART->status & STATUS_EMPTY) == 0) {
    }
    USART->data = (uint8_t)bytes[i];
  }
}
