/* FlexSPI as the port of the checks: IP commands through one LUT sequence, XIP through another. */
#include "port.h"

#include "board.h"
#include "flexspi.h"

#define ENTRY 8u /* bytes of a FIFO entry, and the watermark */
#define ERRORS (IPCMDGE | IPCMDERR | SEQTIMEOUT)

volatile const uint8_t *const port_window = (volatile const uint8_t *)0x60000000u;

/* What the LUT holds in COMMAND_SEQUENCE: a poll repeats one command without writing the LUT. */
static uint32_t loaded[4];

static uint16_t instruction(unsigned opcode, unsigned lanes, unsigned operand)
{
    return (uint16_t)INSTRUCTION(opcode, lanes > 1 ? lanes / 2 : 0, operand); /* 1, 2 or 4 */
}

/* The LUT holds two instructions in a word, the first one in the low half. */
static void encode(const struct command *command, uint32_t words[4])
{
    uint16_t *next = (uint16_t *)words;
    for (unsigned i = 0; i < 4; i++)
        words[i] = 0;
    if (!command->no_opcode)
        *next++ = instruction(LUT_CMD, command->lanes, command->opcode);
    if (command->address_bits)
        *next++ = instruction(LUT_RADDR, command->address_lanes, command->address_bits);
    if (command->mode_bits)
        *next++ = instruction(LUT_MODE8, command->address_lanes, command->mode);
    if (command->dummy)
        *next++ = instruction(LUT_DUMMY, command->data_lanes, command->dummy);
    if (command->in)
        *next++ = instruction(LUT_READ, command->data_lanes, 4);
    if (command->out)
        *next++ = instruction(LUT_WRITE, command->data_lanes, 4);
}

void flexspi_set_sequence(unsigned index, const uint32_t words[4])
{
    LUTKEY = 0x5AF05AF0;
    LUTCR = 2;
    for (unsigned i = 0; i < 4; i++)
        LUT(4 * index + i) = words[i];
    LUTKEY = 0x5AF05AF0;
    LUTCR = 1;
    if (index == COMMAND_SEQUENCE)
        for (unsigned i = 0; i < 4; i++)
            loaded[i] = words[i];
}

static uint32_t pack(const uint8_t *from, uint32_t count)
{
    uint32_t word = 0;
    for (uint32_t i = 0; i < count && i < 4; i++)
        word |= (uint32_t)from[i] << 8 * i;
    return word;
}

static void unpack(uint8_t *to, uint32_t count, uint32_t word)
{
    for (uint32_t i = 0; i < count && i < 4; i++)
        to[i] = (uint8_t)(word >> 8 * i);
}

static void send_data(const uint8_t *from, uint32_t count)
{
    while (count && !(INTR & ERRORS)) {
        const uint32_t chunk = count < ENTRY ? count : ENTRY;
        while (!(INTR & (IPTXWE | ERRORS)))
            ;
        TFDR(0) = pack(from, chunk);
        TFDR(1) = chunk > 4 ? pack(from + 4, chunk - 4) : 0;
        INTR = IPTXWE;
        from += chunk;
        count -= chunk;
    }
}

static void receive_data(uint8_t *to, uint32_t count)
{
    while (count && !(INTR & ERRORS)) {
        const uint32_t chunk = count < ENTRY ? count : ENTRY;
        /* The last entry need not be whole: its fill level tells, not the watermark. */
        while (!(IPRXFSTS & 0xFF) && !(INTR & ERRORS))
            ;
        unpack(to, chunk, RFDR(0));
        if (chunk > 4)
            unpack(to + 4, chunk - 4, RFDR(1));
        INTR = IPRXWA;
        to += chunk;
        count -= chunk;
    }
}

uint32_t flexspi_run(unsigned sequence, unsigned more, uint32_t address, const uint8_t *out,
                     uint8_t *in, uint32_t length)
{
    INTR = IPCMDDONE | AHBCMDGE | AHBCMDERR | ERRORS;
    IPRXFCR = IPTXFCR = 1;
    IPCR0 = address;
    IPCR1 = length | sequence << 16 | more << 24;
    IPCMD = 1;
    if (out)
        send_data(out, length);
    if (in)
        receive_data(in, length);
    while (!(INTR & IPCMDDONE))
        ;
    return INTR & ERRORS;
}

bool port_transfer(const struct command *command)
{
    uint32_t words[4];
    encode(command, words);
    for (unsigned i = 0; i < 4; i++)
        if (words[i] != loaded[i]) {
            flexspi_set_sequence(COMMAND_SEQUENCE, words);
            break;
        }
    return !flexspi_run(COMMAND_SEQUENCE, 0, command->address, command->out, command->in,
                        command->length);
}

static void wait_for_bus(void)
{
    while ((STS0 & 3) != 3)
        ;
}

void port_map(const struct command *read)
{
    struct command command = *read;
    uint8_t unused;
    uint32_t words[4];
    command.in = &unused;
    encode(&command, words);
    wait_for_bus();
    flexspi_set_sequence(WINDOW_SEQUENCE, words);
    port_sync();
}

void port_sync(void)
{
    wait_for_bus();
    MCR0 |= SWRESET; /* drops the AHB buffers */
    while (MCR0 & SWRESET)
        ;
    __asm volatile("dsb");
    REG(0xE000EF50u) = 0; /* ICIALLU: the instruction cache, should it be on */
    __asm volatile("dsb\n isb");
}

void port_set_size(uint32_t size)
{
    wait_for_bus();
    FLSHA1CR0 = size >> 10;
}

bool port_reset_pin(void)
{
    return false;
}

void flexspi_start(void)
{
    MCR0 &= ~(ARDFEN | ATDFEN);
    IPRXFCR = IPTXFCR = 1;
    FLSHA1CR2 = WINDOW_SEQUENCE | CLRINSTRPTR;
}
