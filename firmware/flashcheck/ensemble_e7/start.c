/* From reset to main. The program runs in MRAM, where the Secure Enclave starts it. */
#include <stdint.h>

#include "board.h"
#include "port.h"
#include "tap.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define VTOR REG(0xE000ED08u)
#define MPU_CTRL REG(0xE000ED94u)
#define MPU_RNR REG(0xE000ED98u)
#define MPU_RBAR REG(0xE000ED9Cu)
#define MPU_RLAR REG(0xE000EDA0u)
#define MPU_MAIR0 REG(0xE000EDC0u)

static void start(void);

static void fault(void)
{
    tap_bail_out("the core faulted");
}

__attribute__((section(".vectors"), used))
static const void *const vectors[16] = {
    stack_top, start, fault, fault, fault, fault, fault, fault,
};

static void start(void)
{
    for (uint32_t *to = (uint32_t *)bss_start; to < (uint32_t *)bss_end; to++)
        *to = 0;
    VTOR = (uint32_t)vectors;
    main();
}

/* By default the window is for devices, and no code runs there: make it memory, read only. */
static void open_window(void)
{
    MPU_MAIR0 = 0x44; /* normal memory, not cached */
    MPU_RNR = 0;
    MPU_RBAR = 0xC0000000u | 3u << 1;
    MPU_RLAR = 0xDFFFFFE0u | 1;
    MPU_CTRL = 5; /* the default map for everything else */
    __asm volatile("dsb\n isb");
}

void port_start(void)
{
    open_window();
    console_start();
    ospi_start();
    port_reset_pin();
}
