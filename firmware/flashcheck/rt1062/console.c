/* LPUART1 on the pads GPIO_AD_B0_12 and 13: 4 Mbaud, 8N1. */
#include <stdint.h>

#include "board.h"
#include "port.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define CSCDR1 REG(0x400FC024u)
#define CCGR5 REG(0x400FC07Cu)
#define MUX_AD_B0_12 REG(0x401F80ECu)
#define MUX_AD_B0_13 REG(0x401F80F0u)
#define BAUD REG(0x40184010u)
#define STAT REG(0x40184014u)
#define CTRL REG(0x40184018u)
#define DATA REG(0x4018401Cu)

#define TDRE (1u << 23)
#define TE (1u << 19)

void console_start(void)
{
    CCGR5 |= 3u << 24;
    MUX_AD_B0_12 = MUX_AD_B0_13 = 2;
    CSCDR1 &= ~0x7Fu; /* PLL3 / 6 = 80 MHz */
    CTRL = 0;
    BAUD = 19u << 24 | 1; /* 80 MHz / 20 / 1 */
    CTRL = TE;
}

void port_write_character(char character)
{
    if (character == '\n')
        port_write_character('\r');
    while (!(STAT & TDRE))
        for (volatile unsigned pause = 0; pause < 50; pause++)
            ; /* about a character's time between two looks */
    DATA = (uint8_t)character;
}
