/* What the firmware needs of a board: three drivers, each one file of src/support, chosen by the board file. */
#ifndef CHIPCAST_BOARD_H
#define CHIPCAST_BOARD_H

#include <stddef.h>
#include <stdint.h>

/* startup: runs before main and knows the stack. */

/* Bytes reserved for the stack, and the most that was in use since reset; both 0 where the board cannot tell. */
uint32_t chipcast_stack_reserved_bytes(void);
uint32_t chipcast_stack_used_bytes(void);

/* uart: the line to the host, 8N1.  A driver may have nothing to clear in its interrupt. */

void chipcast_uart_start(void);
/* The next byte, waiting for it. */
uint8_t chipcast_uart_read(void);
void chipcast_uart_write(const char *bytes, size_t count);
void chipcast_uart_interrupt(void);

/* timer: counts up at CHIPCAST_TIMER_HZ and never wraps in practice (64 bits). */

void chipcast_timer_start(void);
uint64_t chipcast_timer_ticks(void);
void chipcast_timer_interrupt(void);
/* Only where the board file gives no rate: the one found at boot, and which clock it is that counts. */
uint64_t chipcast_timer_hz(void);
const char *chipcast_timer_source(void);

#endif
