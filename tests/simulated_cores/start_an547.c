/* Start-up for mps3-an547: as newlib's, but with the stack and the heap where the linker script has them.  What QEMU
 * 7.2 tells of them through semihosting is of no use on this machine. */
#include <stdint.h>
#include <stdlib.h>

extern uint32_t stack_top[], __bss_start__[], __bss_end__[];
extern void initialise_monitor_handles(void);
extern void __libc_init_array(void);
extern int main(void);
void reset(void);

/* CPACR, Armv8-M Architecture Reference Manual (DDI 0553), D1.2.14: full access to floating point and Helium. */
#define CPACR (*(volatile uint32_t *)0xE000ED88u)

void reset(void)
{
    CPACR |= 0xFu << 20;
    __asm__ volatile("dsb\n isb");
    for (uint32_t *word = __bss_start__; word < __bss_end__; word++) {
        *word = 0;
    }
    initialise_monitor_handles();
    __libc_init_array();
    exit(main());
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {stack_top, (const void *)reset};
