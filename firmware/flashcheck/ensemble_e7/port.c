/* OSPI as the port of the checks: one line by standard SPI, eight lines by enhanced transfers. */
#include "port.h"

#include "board.h"
#include "ospi.h"
#include "pause.h"

#define LPGPIO_DR REG(0x42002000u)
#define LPGPIO_DDR REG(0x42002004u)
#define RESET_PIN 0x80u /* P15_7 */

#define WINDOW_CTRLR0 (MASTER | OCTAL | RECEIVE_ONLY | FRAME(8))
/* Octal, opcode and address on all lines, 32-bit address, 8-bit opcode, DDR but for the opcode,
 * frames as in CTRLR0, continuous transfers. */
#define WINDOW_XIP_CTRL 0x02EC048Bu

volatile const uint8_t *const port_window = (volatile const uint8_t *)0xC0000000u;

static void configure(uint32_t ctrlr0, uint32_t frames, uint32_t spi_ctrlr0)
{
    SER = 0;
    SSIENR = 0;
    CTRLR0 = ctrlr0;
    CTRLR1 = frames ? frames - 1 : 0;
    SPI_CTRLR0 = spi_ctrlr0;
    SSIENR = 1;
}

static void finish(void)
{
    while ((SR & (SR_BUSY | SR_TFE)) != SR_TFE)
        ;
}

/* Standard SPI: an entry comes back for each that goes out. For short commands. */
static void transfer_on_one_line(const struct command *command)
{
    uint32_t head = 1;
    configure(MASTER | FRAME(8), 0, 0);
    DR = command->opcode;
    for (int shift = command->address_bits - 8; shift >= 0; shift -= 8, head++)
        DR = command->address >> shift & 0xFF;
    for (unsigned i = 0; i < command->dummy; i += 8, head++)
        DR = 0;
    for (uint32_t i = 0; i < command->length; i++)
        DR = command->out ? command->out[i] : 0;
    SER = 1;
    while (RXFLR < head + command->length)
        ;
    for (uint32_t i = 0; i < head; i++)
        (void)DR;
    for (uint32_t i = 0; i < command->length; i++) {
        const uint8_t byte = (uint8_t)DR;
        if (command->in)
            command->in[i] = byte;
    }
}

static void send_head(const struct command *command)
{
    DR = command->opcode;
    if (command->address_bits)
        DR = command->address;
}

static void receive(const struct command *command, uint32_t shape)
{
    configure(MASTER | OCTAL | RECEIVE_ONLY | FRAME(8), command->length,
              shape | WAIT(command->dummy));
    send_head(command);
    SER = 1;
    for (uint32_t i = 0; i < command->length; i++) {
        while (!(SR & SR_RFNE))
            ;
        command->in[i] = (uint8_t)DR;
    }
    finish();
}

/* A page in frames of 32 bits, the first byte highest: the FIFO holds 256 frames. */
static void transmit(const struct command *command, uint32_t shape)
{
    const uint8_t *from = command->out, *end = from + command->length;
    const uint32_t bytes = command->length % 4 ? 1 : 4;
    configure(MASTER | OCTAL | TRANSMIT_ONLY | FRAME(8 * bytes), 0, shape);
    send_head(command);
    while (from < end) {
        uint32_t frame = 0;
        for (uint32_t i = 0; i < bytes; i++)
            frame = frame << 8 | *from++;
        DR = frame;
    }
    SER = 1;
    finish();
}

bool port_transfer(const struct command *command)
{
    if (command->lanes <= 1) {
        transfer_on_one_line(command);
        return true;
    }
    const uint32_t shape = ALL_ON_LINES | ADDRESS_BITS(command->address_bits) | OPCODE_8 |
                           (command->ddr ? DDR_EN : 0);
    if (command->in)
        receive(command, shape);
    else
        transmit(command, shape);
    return true;
}

void port_map(const struct command *read)
{
    SSIENR = 0;
    CTRLR0 = WINDOW_CTRLR0;
    XIP_CTRL = WINDOW_XIP_CTRL | (uint32_t)read->dummy << 13;
    XIP_MODE_BITS = 0;
    XIP_INCR_INST = XIP_WRAP_INST = read->opcode;
    XIP_SER = 1;
    XIP_CNT_TIME_OUT = 100;
    SSIENR = 1;
    AES_CONTROL |= XIP_EN;
}

/* A command leaves CTRLR0 as it needed it: give the window its own back. */
void port_sync(void)
{
    SSIENR = 0;
    CTRLR0 = WINDOW_CTRLR0;
    SSIENR = 1;
    SER = 1;
    __asm volatile("dsb");
    REG(0xE000EF50u) = 0; /* ICIALLU: the instruction cache, should it be on */
    __asm volatile("dsb\n isb");
}

void port_set_size(uint32_t size)
{
    (void)size; /* the window ends where the address space does */
}

bool port_reset_pin(void)
{
    LPGPIO_DDR |= RESET_PIN;
    LPGPIO_DR &= ~RESET_PIN;
    pause_for(40000); /* 100 us at 400 MHz */
    LPGPIO_DR |= RESET_PIN;
    pause_for(400000); /* 1 ms */
    return true;
}

void ospi_start(void)
{
    AES_CONTROL &= ~XIP_EN;
    SSIENR = 0;
    SER = 0;
    RX_SAMPLE_DELAY = 3;
    DDR_DRIVE_EDGE = 1;
    RXDS_DELAY = 12;
    BAUDR = 4; /* 100 MHz */
    SSIENR = 1;
}
