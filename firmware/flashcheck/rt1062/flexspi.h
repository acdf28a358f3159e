/* FlexSPI's registers (i.MX RT1060 reference manual, chapter FlexSPI). */
#ifndef FLEXSPI_H
#define FLEXSPI_H

#include <stdbool.h>
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

#define FLEXSPI 0x402A8000u
#define MCR0 REG(FLEXSPI + 0x00)
#define SWRESET 0x01u
#define ARDFEN 0x40u
#define ATDFEN 0x80u
#define INTEN REG(FLEXSPI + 0x10)
#define INTR REG(FLEXSPI + 0x14)
#define IPCMDDONE 0x01u
#define IPCMDGE 0x02u
#define AHBCMDGE 0x04u
#define IPCMDERR 0x08u
#define AHBCMDERR 0x10u
#define IPRXWA 0x20u
#define IPTXWE 0x40u
#define SEQTIMEOUT 0x800u
#define LUTKEY REG(FLEXSPI + 0x18)
#define LUTCR REG(FLEXSPI + 0x1C)
#define FLSHA1CR0 REG(FLEXSPI + 0x60)
#define FLSHA1CR2 REG(FLEXSPI + 0x80)
#define CLRINSTRPTR 0x80000000u
#define IPCR0 REG(FLEXSPI + 0xA0)
#define IPCR1 REG(FLEXSPI + 0xA4)
#define IPCMD REG(FLEXSPI + 0xB0)
#define IPRXFCR REG(FLEXSPI + 0xB8)
#define IPTXFCR REG(FLEXSPI + 0xBC)
#define STS0 REG(FLEXSPI + 0xE0)
#define STS1 REG(FLEXSPI + 0xE4)
#define IPRXFSTS REG(FLEXSPI + 0xF0)
#define RFDR(index) REG(FLEXSPI + 0x100 + 4 * (index))
#define TFDR(index) REG(FLEXSPI + 0x180 + 4 * (index))
#define LUT(index) REG(FLEXSPI + 0x200 + 4 * (index))

/* The FIFOs on the AHB: receive, transmit. */
#define ARDF REG(0x7FC00000u)
#define ATDF REG(0x7F800000u)

/* A LUT instruction; DDR variants of the opcodes are 20h higher. */
#define INSTRUCTION(opcode, lanes_log2, operand) \
    ((uint32_t)(opcode) << 10 | (uint32_t)(lanes_log2) << 8 | (operand))
#define LUT_CMD 0x01
#define LUT_RADDR 0x02
#define LUT_MODE8 0x07
#define LUT_WRITE 0x08
#define LUT_READ 0x09
#define LUT_DUMMY 0x0C
#define LUT_JMP_ON_CS 0x1F
#define LUT_DDR 0x20

/* LUT sequences in use: what the window reads with, and commands. */
#define WINDOW_SEQUENCE 0u
#define COMMAND_SEQUENCE 14u /* and 15 behind it */

/* Write the four words of a LUT sequence. */
void flexspi_set_sequence(unsigned index, const uint32_t words[4]);

/* Run `more + 1` sequences; INTR's error flags, 0 if all went well. */
uint32_t flexspi_run(unsigned sequence, unsigned more, uint32_t address, const uint8_t *out,
                     uint8_t *in, uint32_t length);

#endif
