/* OSPI1 of the Alif Ensemble (Synopsys DWC SSI with Alif's XIP), and its AES block. */
#ifndef OSPI_H
#define OSPI_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

#define OSPI 0x83002000u
#define CTRLR0 REG(OSPI + 0x00)
#define CTRLR1 REG(OSPI + 0x04)
#define SSIENR REG(OSPI + 0x08)
#define SER REG(OSPI + 0x10)
#define BAUDR REG(OSPI + 0x14)
#define RXFLR REG(OSPI + 0x24)
#define TXFLR REG(OSPI + 0x20)
#define SR REG(OSPI + 0x28)
#define SR_BUSY 0x01u
#define SR_TFNF 0x02u
#define SR_TFE 0x04u
#define SR_RFNE 0x08u
#define DR REG(OSPI + 0x60)
#define RX_SAMPLE_DELAY REG(OSPI + 0xF0)
#define SPI_CTRLR0 REG(OSPI + 0xF4)
#define DDR_DRIVE_EDGE REG(OSPI + 0xF8)
#define XIP_MODE_BITS REG(OSPI + 0xFC)
#define XIP_INCR_INST REG(OSPI + 0x100)
#define XIP_WRAP_INST REG(OSPI + 0x104)
#define XIP_CTRL REG(OSPI + 0x108)
#define XIP_SER REG(OSPI + 0x10C)
#define XIP_CNT_TIME_OUT REG(OSPI + 0x114)

#define AES_CONTROL REG(0x83003000u)
#define XIP_EN 0x10u
#define RXDS_DELAY REG(0x83003020u)

/* CTRLR0 */
#define MASTER 0x80000000u
#define OCTAL (3u << 22)
#define TRANSMIT_ONLY (1u << 10)
#define RECEIVE_ONLY (2u << 10)
#define FRAME(bits) ((bits) - 1u)

/* SPI_CTRLR0 */
#define ALL_ON_LINES 2u             /* opcode and address on as many lines as the data */
#define ADDRESS_BITS(bits) ((bits) / 4u << 2)
#define OPCODE_8 (2u << 8)
#define WAIT(cycles) ((cycles) << 11)
#define DDR_EN (1u << 16)

#endif
