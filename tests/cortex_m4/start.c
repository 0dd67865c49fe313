/* Enough start-up for a program under QEMU whose files are the host's, through semihosting. */
#include <stdint.h>

extern void _start(void);
extern uint32_t stack_top[];

/* CPACR, Armv7-M Architecture Reference Manual (DDI 0403), B3.2.20: full access to the floating-point unit. */
#define CPACR (*(volatile uint32_t *)0xE000ED88u)

void reset(void)
{
    CPACR |= 0xFu << 20;
    __asm__ volatile("dsb\n isb");
    _start();
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {stack_top, (const void *)reset};
