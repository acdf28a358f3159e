/* The boot ROM's API, and the core around it: what firmware of others takes for granted. */
#include "rom.h"

#include <stddef.h>
#include <stdint.h>

#include "flash.h"
#include "flexspi.h"
#include "parts.h"
#include "tap.h"

#define PAIR(first, second) ((first) | (second) << 16)
#define CMD(opcode) INSTRUCTION(LUT_CMD, 0, opcode)
#define ADDRESS INSTRUCTION(LUT_RADDR, 0, 24)
#define AT (AREA + 0x30000)

/* Words of the configuration block, and of the tables that the pointer at 0x0020001C leads to. */
enum {
    SIZE_A1 = 0x50 / 4,
    SEQUENCES = 0x80 / 4,
    PAGE_SIZE = 0x1C0 / 4,
    SECTOR_SIZE,
    FLAGS,
    BLOCK = 0x1D0 / 4,
};
enum { FLEXSPI_NOR = 4 };
enum { INIT = 1, PROGRAM, ERASE_ALL, ERASE, READ };

typedef uint32_t (*init)(uint32_t, uint32_t *);
typedef uint32_t (*change)(uint32_t, uint32_t *, uint32_t, const void *);
typedef uint32_t (*erase_range)(uint32_t, uint32_t *, uint32_t, uint32_t);
typedef uint32_t (*read_range)(uint32_t, uint32_t *, void *, uint32_t, uint32_t);

static uint32_t configuration[128];

static void set_sequence(unsigned index, uint32_t first, uint32_t second)
{
    configuration[SEQUENCES + 4 * index] = first;
    configuration[SEQUENCES + 4 * index + 1] = second;
}

/* The image's own block, with the sequences that the driver wants besides the read. */
static void prepare(void)
{
    for (unsigned i = 0; i < 128; i++)
        configuration[i] = ((const volatile uint32_t *)port_window)[i];
    configuration[SIZE_A1] = part->size;
    configuration[PAGE_SIZE] = PAGE;
    configuration[SECTOR_SIZE] = SECTOR;
    configuration[FLAGS] = 0;
    configuration[BLOCK] = part->erase[2].size;
    set_sequence(1, PAIR(CMD(0x05), INSTRUCTION(LUT_READ, 0, 4)), 0);
    set_sequence(3, CMD(0x06), 0);
    set_sequence(5, PAIR(CMD(0x20), ADDRESS), 0);
    set_sequence(8, PAIR(CMD(0xD8), ADDRESS), 0);
    set_sequence(9, PAIR(CMD(0x02), ADDRESS), INSTRUCTION(LUT_WRITE, 0, 4));
}

void check_rom_api(void)
{
    static const uint32_t nothing[4];
    const uint32_t *const api = (const uint32_t *)REG(0x0020001Cu);
    const uint32_t *const nor = (const uint32_t *)api[FLEXSPI_NOR];
    uint8_t pattern[PAGE], got[PAGE + 8];
    prepare();
    make_blank(AT);
    make_pattern(pattern, PAGE, 21);
    expect("init", ((init)nor[INIT])(0, configuration), 0);
    expect("program", ((change)nor[PROGRAM])(0, configuration, AT + PAGE, pattern), 0);
    expect("read", ((read_range)nor[READ])(0, configuration, got, AT + PAGE, PAGE + 5), 0);
    expect_bytes("cells by the ROM", got, pattern, PAGE);
    expect_bytes("cells in the window", port_window + AT + PAGE, pattern, PAGE);
    expect("erase", ((erase_range)nor[ERASE])(0, configuration, AT, SECTOR), 0);
    expect_true("the sector is not blank", is_filled(AT, SECTOR, 0xFF));
    configuration[0] = 0;
    expect("init without a tag", ((init)nor[INIT])(0, configuration), 4);
    flexspi_set_sequence(COMMAND_SEQUENCE, nothing);
    check_id("id after the ROM");
}

#define MPU_TYPE REG(0xE000ED90u)
#define SYST_CSR REG(0xE000E010u)
#define SYST_RVR REG(0xE000E014u)
#define SYST_CVR REG(0xE000E018u)
#define SYST_CALIB REG(0xE000E01Cu)
#define DWT_CTRL REG(0xE0001000u)
#define DWT_CYCCNT REG(0xE0001004u)

void check_core(void)
{
    expect("MPU regions", MPU_TYPE >> 8 & 0xFF, 16);
    expect("SYST_CALIB: 10 ms", SYST_CALIB & 0xFFFFFF, 999);
    DWT_CTRL |= 1;
    SYST_RVR = 99;
    SYST_CVR = 0;
    SYST_CSR = 1; /* by the external reference */
    while (!(SYST_CSR >> 16 & 1))
        ;
    const uint32_t start = DWT_CYCCNT;
    for (unsigned milliseconds = 0; milliseconds < 3;)
        milliseconds += SYST_CSR >> 16 & 1;
    const uint32_t cycles = DWT_CYCCNT - start;
    SYST_CSR = 0;
    expect_true("three periods of 100 ticks are not 3 ms", cycles - 1799000 < 2000);
}
