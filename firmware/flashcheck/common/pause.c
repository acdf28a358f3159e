#include "pause.h"

#include <stdbool.h>

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define ENABLE_WITH_INTERRUPT 7u
#define COUNTFLAG (1u << 16)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define ICSR (*(volatile uint32_t *)0xE000ED04u)
#define PENDSTCLR (1u << 25)

void pause_for(uint32_t ticks)
{
    /* Masked, the interrupt ends WFI all the same and is not taken. */
    __asm volatile("cpsid i");
    SYST_RVR = ticks;
    SYST_CVR = 0;
    SYST_CSR = ENABLE_WITH_INTERRUPT;
    do
        __asm volatile("dsb\n wfi");
    while (!(SYST_CSR & COUNTFLAG));
    SYST_CSR = 0;
    ICSR = PENDSTCLR;
    __asm volatile("dsb\n isb");
}
