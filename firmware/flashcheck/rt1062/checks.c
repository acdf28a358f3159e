/* FlexSPI: errors of IP commands, sequences in a row, the FIFOs on the AHB, reads that jump. */
#include "checks.h"

#include <stddef.h>

#include "board.h"
#include "flash.h"
#include "flexspi.h"
#include "rom.h"
#include "tap.h"
#include "winbond.h"

#define CMD(opcode) INSTRUCTION(LUT_CMD, 0, opcode)
#define ADDRESS INSTRUCTION(LUT_RADDR, 0, 24)
#define READ INSTRUCTION(LUT_READ, 0, 4)
#define PAIR(first, second) ((first) | (second) << 16)

static const uint32_t sequence_write_enable[4] = {CMD(0x06)};
static const uint32_t sequence_read_status[4] = {PAIR(CMD(0x05), READ)};
static const uint32_t sequence_read_array[4] = {PAIR(CMD(0x03), ADDRESS), READ};
static const uint32_t sequence_read_id[4] = {PAIR(CMD(0x9F), READ)};

/* Run COMMAND_SEQUENCE, which must fail with this code, and clear the error. */
static void expect_error(const char *what, uint32_t code, const uint32_t words[4],
                         uint32_t address, uint32_t length)
{
    uint8_t data[8];
    flexspi_set_sequence(COMMAND_SEQUENCE, words);
    const uint32_t flags = flexspi_run(COMMAND_SEQUENCE, 0, address, NULL, length ? data : NULL,
                                       length);
    expect(what, flags, IPCMDERR);
    expect(what, STS1 >> 24 & 0xF, code);
    expect("IPCMDERRID", STS1 >> 16 & 0xF, COMMAND_SEQUENCE);
    INTR = IPCMDERR;
    expect("IPCMDERRCODE once cleared", STS1 >> 24 & 0xF, 0);
    expect("IPCMDERR once cleared", INTR & IPCMDERR, 0);
}

/* A command with an error in it is not carried out at all. */
static void check_instruction_errors(void)
{
    static const uint32_t unknown[4] = {PAIR(CMD(0x06), INSTRUCTION(0x1E, 0, 0))};
    static const uint32_t jump[4] = {PAIR(CMD(0x06), INSTRUCTION(LUT_JMP_ON_CS, 0, 0))};
    static const uint32_t ddr_dummy[4] = {
        PAIR(CMD(0x06), INSTRUCTION(LUT_DUMMY + LUT_DDR, 0, 2))};
    static const uint32_t sdr_dummy[4] = {
        PAIR(INSTRUCTION(LUT_CMD + LUT_DDR, 0, 0x06), INSTRUCTION(LUT_DUMMY, 0, 2))};
    expect_error("JMP_ON_CS", 0x2, jump, 0, 0);
    expect_error("unknown instruction", 0x3, unknown, 0, 0);
    expect_error("SDR dummy in a DDR sequence", 0x4, sdr_dummy, 0, 0);
    expect_error("DDR dummy in an SDR sequence", 0x5, ddr_dummy, 0, 0);
    expect("WEL", read_status() & WEL, 0);
}

static void check_address_errors(void)
{
    expect_error("address beyond the flash", 0x6, sequence_read_array, part->size, 4);
    expect_error("data across the end of the flash", 0xF, sequence_read_array, part->size - 4, 8);
    check_id("id after errors");
}

/* The controller passes an address on, and the chip takes the bits that it has. */
static void check_address_wrap(void)
{
    static const uint8_t tag[] = {'F', 'C', 'F', 'B'};
    uint8_t got[4];
    port_set_size(2 * part->size);
    read_array(part->size, got, 4);
    expect_bytes("first bytes behind the chip's end", got, tag, 4);
    port_set_size(part->size);
}

static void check_sequences_in_a_row(void)
{
    uint8_t status = 0;
    flexspi_set_sequence(COMMAND_SEQUENCE, sequence_write_enable);
    flexspi_set_sequence(COMMAND_SEQUENCE + 1, sequence_read_status);
    expect("errors", flexspi_run(COMMAND_SEQUENCE, 1, 0, NULL, &status, 1), 0);
    expect("SR1 by the second sequence", status, WEL);
}

static void check_locked_lut(void)
{
    const uint32_t before = LUT(4 * COMMAND_SEQUENCE);
    LUT(4 * COMMAND_SEQUENCE) = before ^ 1;
    expect("LUT word written while locked", LUT(4 * COMMAND_SEQUENCE), before);
    LUTCR = 2; /* without the key */
    expect("LUTCR without the key", LUTCR & 3, 1);
}

static void check_boot_state(void)
{
    expect("SP", boot_stack, (uint32_t)stack_top);
    expect("VTOR", boot_vtor, (uint32_t)boot_vectors);
}

/* IDATSZ = 0: the instruction's operand counts. */
static void check_operand_size(void)
{
    static const uint32_t twelve[4] = {PAIR(CMD(0x9F), INSTRUCTION(LUT_READ, 0, 12))};
    flexspi_set_sequence(COMMAND_SEQUENCE, twelve);
    expect("errors", flexspi_run(COMMAND_SEQUENCE, 0, 0, NULL, NULL, 0), 0);
    expect("FIFO entries of 8 bytes", IPRXFSTS & 0xFF, 2);
    const uint32_t word = RFDR(0);
    const uint8_t id[] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16)};
    expect_bytes("id", id, part->id, 3);
}

static void check_fifo_on_ahb(void)
{
    const uint32_t id = part->id[0] | part->id[1] << 8 | (uint32_t)part->id[2] << 16;
    MCR0 |= ARDFEN | ATDFEN;
    flexspi_set_sequence(COMMAND_SEQUENCE, sequence_read_id);
    expect("errors", flexspi_run(COMMAND_SEQUENCE, 0, 0, NULL, NULL, 3), 0);
    expect("RFDR while the FIFO is on the AHB", RFDR(0), 0);
    expect("id on the AHB", ARDF & 0xFFFFFF, id);
    MCR0 &= ~(ARDFEN | ATDFEN);
    expect("id in RFDR", RFDR(0) & 0xFFFFFF, id);
}

/* Continuous read through the window: from the second read on the sequence begins behind CMD. */
static void check_jumping_reads(void)
{
    static const uint32_t words[4] = {
        PAIR(CMD(0xEB), INSTRUCTION(LUT_RADDR, 2, 24)),
        PAIR(INSTRUCTION(LUT_MODE8, 2, 0xA0), INSTRUCTION(LUT_DUMMY, 2, 4)),
        PAIR(INSTRUCTION(LUT_READ, 2, 4), INSTRUCTION(LUT_JMP_ON_CS, 0, 1)),
    };
    static const struct command plain = {.opcode = 0x0B, .address_bits = 24, .dummy = 8};
    uint8_t pattern[PAGE];
    const uint32_t page = blank_pages(1);
    const uint8_t sr2 = read_register(0x35) | QE;
    write_register(0x31, &sr2, 1);
    make_pattern(pattern, PAGE, 13);
    program(page, pattern, PAGE);
    flexspi_set_sequence(WINDOW_SEQUENCE, words);
    port_sync();
    expect_bytes("window", port_window + page, pattern, PAGE);
    expect_true("the chip is not in continuous read", !answers());
    FLSHA1CR2 |= CLRINSTRPTR;
    recover();
    port_map(&plain);
    expect_bytes("window by a plain read", port_window + page, pattern, PAGE);
}

#define NVIC_ISPR3 REG(0xE000E20Cu)
#define NVIC_ICPR3 REG(0xE000E28Cu)
#define FLEXSPI_PENDING (1u << (108 - 96))
#define PATIENCE 1000000u

/* Bytes that a handler fetches which takes one FIFO entry at each interrupt, and ends with the
 * command. The interrupt stays disabled in the NVIC: pending, it is handled here. */
static uint32_t fetch_by_interrupt(uint32_t address, uint32_t *to, uint32_t length)
{
    uint32_t fetched = 0, flags = 0;
    INTR = IPCMDDONE | IPRXWA;
    IPRXFCR = 1; /* empty; the watermark is one entry */
    IPCR0 = address;
    IPCR1 = length | COMMAND_SEQUENCE << 16;
    NVIC_ICPR3 = FLEXSPI_PENDING;
    INTEN = IPRXWA | IPCMDDONE;
    IPCMD = 1;
    for (uint32_t left = PATIENCE; left && !(flags & IPCMDDONE); left--) {
        if (!(NVIC_ISPR3 & FLEXSPI_PENDING))
            continue;
        flags = INTR;
        if (flags & IPRXWA) {
            for (unsigned i = 0; i < 2 && fetched < length; i++, fetched += 4)
                to[fetched / 4] = RFDR(i);
            INTR = IPRXWA;
        }
        INTR = flags & IPCMDDONE;
        NVIC_ICPR3 = FLEXSPI_PENDING;
    }
    INTEN = 0;
    return fetched;
}

/* IPCMDDONE comes with the last clock: until then there is an interrupt for each entry. */
static void check_reads_by_interrupt(void)
{
    static const uint16_t lengths[] = {8, 256, 300};
    uint8_t pattern[2 * PAGE];
    uint32_t got[300 / 4];
    const uint32_t page = blank_pages(2);
    make_pattern(pattern, sizeof pattern, 17);
    program(page, pattern, PAGE);
    program(page + PAGE, pattern + PAGE, PAGE);
    flexspi_set_sequence(COMMAND_SEQUENCE, sequence_read_array);
    for (unsigned i = 0; i < 3; i++) {
        expect("bytes fetched", fetch_by_interrupt(page, got, lengths[i]), lengths[i]);
        expect_bytes("data by interrupt", (const uint8_t *)got, pattern, lengths[i]);
    }
}

const struct check port_checks[] = {
    {"boot ROM: SP and VTOR", check_boot_state, EVERY_FAMILY},
    {"FlexSPI: errors in a sequence", check_instruction_errors, EVERY_FAMILY},
    {"FlexSPI: addresses beyond the flash", check_address_errors, EVERY_FAMILY},
    {"FlexSPI: address wrap in the chip", check_address_wrap, WINBOND},
    {"FlexSPI: sequences in a row", check_sequences_in_a_row, EVERY_FAMILY},
    {"FlexSPI: locked LUT", check_locked_lut, EVERY_FAMILY},
    {"FlexSPI: data size by operand", check_operand_size, EVERY_FAMILY},
    {"FlexSPI: receive FIFO on the AHB", check_fifo_on_ahb, EVERY_FAMILY},
    {"FlexSPI: reads by interrupt", check_reads_by_interrupt, EVERY_FAMILY},
    {"FlexSPI: continuous read through the window", check_jumping_reads, WINBOND},
    {"boot ROM: the API of its NOR driver", check_rom_api, WINBOND},
    {"core: MPU, SysTick's reference, cycle counter", check_core, EVERY_FAMILY},
    {NULL},
};
