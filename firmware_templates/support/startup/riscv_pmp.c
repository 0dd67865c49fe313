/* Start-up of an RV32 core in machine mode: memory, stacks, traps.
 *
 * main runs on the stack that the linker script puts at the lowest address of RAM; physical memory protection closes
 * all that lies below, up to the flash's origin, for writing: an overflow faults instead of silently changing what
 * is there.  Traps have a stack of their own, so that such a fault can still be told.  No interrupt is ever taken. */
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

/* The RISC-V Instruction Set Manual, volume II, 3.7.1: configuration of one region.  Locked, so that machine mode is
 * bound by it; executable and readable; from the region before it up to its address. */
#define PMP_LOCKED 0x80u
#define PMP_TOP_OF_RANGE 0x08u
#define PMP_READ_EXECUTE 0x05u

/* QEMU's virt machine, "sifive,test": what is written ends or restarts the machine. */
#define TEST_FINISHER (*(volatile uint32_t *)0x00100000u)
#define TEST_RESET 0x7777u

#define STACK_PAINT 0xC5C5C5C5u

int main(void);
void reset_handler(void);
void start_on_stack(void);
void start_program(void);
void trap_handler(void);
void report_fault(uint32_t cause, uint32_t pc);

__attribute__((section(".vectors"), naked, used)) void reset_handler(void) {
  __asm__ volatile(
      ".option push\n"
      ".option norelax\n"
      "la gp, __global_pointer$\n"
      ".option pop\n"
      "la sp, handler_stack_end\n"
      "j start_on_stack\n");
}

/* Begins on the traps' stack, so the whole main stack can be painted. */
__attribute__((used, noreturn)) void start_on_stack(void) {
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
  /* From the flash's first address, region 0's, to the stack's lowest, region 1's. */
  __asm__ volatile("csrw pmpaddr0, %0\n csrw pmpaddr1, %1\n csrw pmpcfg0, %2"
                   :
                   : "r"((uint32_t)(uintptr_t)reset_handler >> 2), "r"((uint32_t)(uintptr_t)stack_lowest >> 2),
                     "r"((PMP_LOCKED | PMP_TOP_OF_RANGE | PMP_READ_EXECUTE) << 8));
  __asm__ volatile(
      "csrw mtvec, %0\n"
      "mv sp, %1\n"
      "call start_program\n"
      "1: j 1b\n"
      :
      : "r"(trap_handler), "r"(stack_end)
      : "memory");
  __builtin_unreachable();
}

__attribute__((used)) void start_program(void) {
#ifdef CHIPCAST_CONSTRUCTORS
  for (void (**construct)(void) = constructors_start; construct < constructors_end; construct++) {
    (*construct)();
  }
#endif
  (void)main();
}

__attribute__((naked, used, aligned(4))) void trap_handler(void) {
  __asm__ volatile(
      "la sp, handler_stack_end\n"
      "csrr a0, mcause\n"
      "csrr a1, mepc\n"
      "j report_fault\n");
}

static void say_hexadecimal(uint32_t value) {
  char digits[8];
  for (uint32_t i = 0; i < sizeof digits; i++) {
    digits[i] = "0123456789ABCDEF"[(value >> (28u - 4u * i)) & 15u];
  }
  chipcast_uart_write(digits, sizeof digits);
}

/* Says where it happened and restarts: the boot banner that follows tells the host that all state is gone. */
__attribute__((used, noreturn)) void report_fault(uint32_t cause, uint32_t pc) {
  static const char begin[] = "\r\ne-fault pc=";
  static const char status[] = " status=";
  chipcast_uart_write(begin, sizeof begin - 1);
  say_hexadecimal(pc);
  chipcast_uart_write(status, sizeof status - 1);
  say_hexadecimal(cause);
  chipcast_uart_write("\r\n", 2);
  TEST_FINISHER = TEST_RESET;
  for (;;) {
  }
}

uint32_t chipcast_stack_reserved_bytes(void) { return (uint32_t)((uintptr_t)stack_end - (uintptr_t)stack_lowest); }

uint32_t chipcast_stack_used_bytes(void) {
  const volatile uint32_t *word = stack_lowest;
  while (word < stack_end && *word == STACK_PAINT) {
    word++;
  }
  return (uint32_t)((uintptr_t)stack_end - (uintptr_t)word);
}
