/* UART4 (DesignWare 16550): 6.25 Mbaud, 8N1. */
#include <stdint.h>

#include "board.h"
#include "port.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define THR REG(0x4901C000u)
#define DLL THR
#define DLH REG(0x4901C004u)
#define FCR REG(0x4901C008u)
#define LCR REG(0x4901C00Cu)
#define USR REG(0x4901C07Cu)
#define DLF REG(0x4901C0C0u)

#define DLAB 0x80u
#define BITS_8 0x03u
#define TFNF 0x02u

void console_start(void)
{
    LCR = DLAB | BITS_8;
    DLL = 1; /* 100 MHz / 16 / 1 */
    DLH = 0;
    DLF = 0;
    LCR = BITS_8;
    FCR = 1;
}

void port_write_character(char character)
{
    if (character == '\n')
        port_write_character('\r');
    while (!(USR & TFNF))
        for (volatile unsigned pause = 0; pause < 50; pause++)
            ; /* about a character's time between two looks */
    THR = (uint8_t)character;
}
