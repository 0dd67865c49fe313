/* Start-up of any Cortex-M (Armv6-M to Armv8.1-M): vector table, memory, stacks, FPU, faults.
 *
 * main runs on the process stack, which the linker script puts at the lowest address of RAM: an overflow leaves
 * RAM and faults instead of silently changing the model's data.  Exceptions run on the main stack, so that such
 * a fault can still be told. */
#include <stdint.h>

#include "chipcast_board.h"
#include "chipcast_config.h"

/* From the linker script. */
extern uint32_t stack_lowest[], stack_end[], handler_stack_end[];
extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[];
#ifdef CHIPCAST_CONSTRUCTORS
extern void (*constructors_start[])(void);
extern void (*constructors_end[])(void);
#endif

/* Armv7-M Architecture Reference Manual (DDI 0403), B3.2.2: system control block. */
#define SCB_VTOR (*(volatile uint32_t *)0xE000ED08u)
#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0Cu)
#define SCB_CFSR (*(volatile uint32_t *)0xE000ED28u)
#define SCB_CPACR (*(volatile uint32_t *)0xE000ED88u)
#define AIRCR_VECTKEY 0x05FA0000u
#define AIRCR_SYSRESETREQ 0x4u
#define CPACR_FULL_ACCESS_CP10_CP11 0x00F00000u

#define EXTERNAL_INTERRUPTS 64
#define STACK_PAINT 0xC5C5C5C5u

int main(void);
void reset_handler(void);
void start_on_process_stack(void);
void report_fault(const uint32_t *frame, uint32_t exception_return);
void fault_handler(void);
void external_interrupt_handler(void);

struct vector_table {
  uint32_t *initial_stack;
  void (*system[15])(void);
  void (*external[EXTERNAL_INTERRUPTS])(void);
};

__attribute__((section(".vectors"), used)) static const struct vector_table vector_table = {
    .initial_stack = handler_stack_end,
    .system = {reset_handler, [1 ... 14] = fault_handler},
    .external = {[0 ... EXTERNAL_INTERRUPTS - 1] = external_interrupt_handler},
};

/* Runs on the main stack, so the whole process stack can be painted. */
void reset_handler(void) {
  const uint32_t *load = data_load;
  for (uint32_t *word = data_start; word < data_end; word++) {
    *word = *load++;
  }
  for (uint32_t *word = bss_start; word < bss_end; word++) {
    *word = 0;
  }
  for (uint32_t *word = stack_lowest; word < stack_end; word++) {
    *word = STACK_PAINT;
  }
#if __ARM_ARCH > 6
  SCB_VTOR = (uint32_t)&vector_table;
#endif
#ifdef __ARM_FP
  SCB_CPACR |= CPACR_FULL_ACCESS_CP10_CP11;
#endif
  __asm__ volatile(
      "dsb\n"
      "isb\n"
      "msr psp, %0\n"
      "movs r0, #2\n" /* CONTROL.SPSEL: thread mode uses the process stack */
      "msr control, r0\n"
      "isb\n"
      "bl start_on_process_stack\n"
      :
      : "r"(stack_end)
      : "r0", "memory");
  __builtin_unreachable();
}

__attribute__((used, noreturn)) void start_on_process_stack(void) {
#ifdef CHIPCAST_CONSTRUCTORS
  for (void (**construct)(void) = constructors_start; construct < constructors_end; construct++) {
    (*construct)();
  }
#endif
  (void)main();
  for (;;) {
  }
}

/* Hands over the stack that the exception's frame lies on (EXC_RETURN bit 2: process stack). */
__attribute__((naked)) void fault_handler(void) {
  __asm__ volatile(
      "mov r1, lr\n"
      "movs r0, #4\n"
      "tst r1, r0\n"
      "beq 1f\n"
      "mrs r0, psp\n"
      "b 2f\n"
      "1: mrs r0, msp\n"
      "2: bl report_fault\n");
}

static void say_hexadecimal(uint32_t value) {
  char digits[8];
  for (uint32_t i = 0; i < sizeof digits; i++) {
    digits[i] = "0123456789ABCDEF"[(value >> (28u - 4u * i)) & 15u];
  }
  chipcast_uart_write(digits, sizeof digits);
}

/* Says where it happened and restarts: the boot banner that follows tells the host that all state is gone. */
__attribute__((used, noreturn)) void report_fault(const uint32_t *frame, uint32_t exception_return) {
  static const char begin[] = "\r\ne-fault pc=";
  static const char status[] = " status=";
  static const char unknown[] = "unknown";
  (void)exception_return;
  chipcast_uart_write(begin, sizeof begin - 1);
  /* After a stack overflow there is no frame to read. */
  if (frame >= stack_lowest && frame + 8 <= handler_stack_end) {
    say_hexadecimal(frame[6]);
  } else {
    chipcast_uart_write(unknown, sizeof unknown - 1);
  }
  chipcast_uart_write(status, sizeof status - 1);
#if __ARM_ARCH > 6
  say_hexadecimal(SCB_CFSR);
#else
  chipcast_uart_write(unknown, sizeof unknown - 1);
#endif
  chipcast_uart_write("\r\n", 2);
  SCB_AIRCR = AIRCR_VECTKEY | AIRCR_SYSRESETREQ;
  for (;;) {
  }
}

__attribute__((used)) void external_interrupt_handler(void) {
  uint32_t exception;
  __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
#ifdef CHIPCAST_UART_IRQ
  if (exception == 16u + CHIPCAST_UART_IRQ) {
    chipcast_uart_interrupt();
    return;
  }
#endif
#ifdef CHIPCAST_TIMER_IRQ
  if (exception == 16u + CHIPCAST_TIMER_IRQ) {
    chipcast_timer_interrupt();
    return;
  }
#endif
  report_fault((const uint32_t *)0, 0);
}

uint32_t chipcast_stack_reserved_bytes(void) { return (uint32_t)((uintptr_t)stack_end - (uintptr_t)stack_lowest); }

uint32_t chipcast_stack_used_bytes(void) {
  const volatile uint32_t *word = stack_lowest;
  while (word < stack_end && *word == STACK_PAINT) {
    word++;
  }
  return (uint32_t)((uintptr_t)stack_end - (uintptr_t)word);
}
