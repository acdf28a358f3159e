/* From reset to main: everything but this runs from RAM, for the flash will be busy. */
#include <stdint.h>

#include "board.h"
#include "port.h"
#include "tap.h"

#define VTOR (*(volatile uint32_t *)0xE000ED08u)

static void fault(void)
{
    tap_bail_out("the core faulted");
}

__attribute__((section(".ram_vectors"), used))
static const void *const vectors[16] = {
    [0] = stack_top, [2] = fault, [3] = fault, [4] = fault, [5] = fault, [6] = fault,
};

uint32_t boot_stack, boot_vtor;

__attribute__((naked, section(".start"), used)) void start(void)
{
    __asm volatile("mov r0, sp\n b begin");
}

__attribute__((section(".start"), used)) void begin(uint32_t stack)
{
    const uint32_t vtor = VTOR;
    const uint32_t *from = (const uint32_t *)ram_source;
    for (uint32_t *to = (uint32_t *)ram_start; to < (uint32_t *)ram_end; to++)
        *to = *from++;
    for (uint32_t *to = (uint32_t *)bss_start; to < (uint32_t *)bss_end; to++)
        *to = 0;
    boot_stack = stack;
    boot_vtor = vtor;
    VTOR = (uint32_t)ram_start;
    __asm volatile("dsb\n isb");
    main();
}

void port_start(void)
{
    console_start();
    flexspi_start();
}
