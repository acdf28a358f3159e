/* Status registers and the write enable latch. */
#include <stddef.h>

#include "checks.h"
#include "flash.h"
#include "tap.h"
#include "winbond.h"

static void check_write_enable(void)
{
    expect("SR1 after reset", read_status() & (WIP | WEL), 0);
    send(0x06);
    expect("SR1 after 06h", read_status() & (WIP | WEL), WEL);
    send(0x04);
    expect("SR1 after 04h", read_status() & (WIP | WEL), 0);
}

/* Section "Write Enable": the latch falls when the operation ends, not before. */
static void check_latch_life(void)
{
    static const uint8_t zero[] = {0};
    send(0x06);
    send_at(part->erase[0].opcode, AREA);
    expect("SR1 during an erase", read_status() & (WIP | WEL), WIP | WEL);
    wait_idle();
    expect("SR1 after an erase", read_status() & (WIP | WEL), 0);
    send(0x06);
    start_program(AREA, zero, 1);
    expect("SR1 during a program", read_status() & (WIP | WEL), WIP | WEL);
    wait_idle();
    expect("SR1 after a program", read_status() & (WIP | WEL), 0);
}

/* A status register comes again and again, never the next one. */
static void check_repeat(void)
{
    static const uint8_t opcodes[] = {0x05, 0x35, 0x15};
    for (unsigned i = 0; i < sizeof opcodes; i++) {
        uint8_t values[4];
        const uint8_t one = read_register(opcodes[i]);
        const uint8_t expected[] = {one, one, one, one};
        transfer(&(struct command){.opcode = opcodes[i], .in = values, .length = 4});
        expect_bytes("bytes of a status register", values, expected, 4);
    }
}

static void write_one(uint8_t opcode, uint8_t value)
{
    write_register(opcode, &value, 1);
}

static void check_write_status(void)
{
    const uint8_t sr2 = read_register(0x35), both[] = {BP(2), sr2 | CMP};
    send(0x06);
    const uint8_t value = BP(1);
    transfer(&(struct command){.opcode = 0x01, .out = &value, .length = 1});
    expect("WIP and WEL during the write", read_status() & (WIP | WEL), WIP | WEL);
    wait_idle();
    expect("SR1 after 01h, one byte", read_status(), BP(1));
    expect("SR2 after 01h, one byte", read_register(0x35), sr2);
    write_register(0x01, both, 2);
    expect("SR1 after 01h, two bytes", read_status(), BP(2));
    expect("SR2 after 01h, two bytes", read_register(0x35), sr2 | CMP);
    write_one(0x31, sr2);
    expect("SR2 after 31h", read_register(0x35), sr2);
    expect("SR1 after 31h", read_status(), BP(2));
    write_one(0x01, 0);
    expect("SR1 at the end", read_status(), 0);
}

static void check_third_register(void)
{
    const uint8_t sr3 = read_register(0x15), other = sr3 ^ 0x20; /* DRV0 */
    write_one(0x11, other);
    expect("SR3 after 11h", read_register(0x15), other);
    write_one(0x11, sr3);
    expect("SR3 at the end", read_register(0x15), sr3);
}

static void check_read_only_bits(void)
{
    const uint8_t sr2 = read_register(0x35);
    write_one(0x31, sr2 | SUS);
    expect("SR2 after a write of SUS", read_register(0x35), sr2);
    write_one(0x01, WIP | WEL);
    expect("SR1 after a write of WIP and WEL", read_status(), 0);
}

static void check_quad_enable(void)
{
    const uint8_t sr2 = read_register(0x35);
    write_one(0x31, sr2 & ~QE);
    expect("QE after writing 0", read_register(0x35) & QE, part->qe_fixed ? QE : 0);
    write_one(0x31, sr2 | QE);
    expect("QE after writing 1", read_register(0x35) & QE, QE);
}

/* 50h: the bits change at once, and until the next reset or power-off. */
static void check_volatile_write(void)
{
    const uint8_t value = BP(1);
    send(0x50);
    expect("SR1 after 50h", read_status(), 0);
    transfer(&(struct command){.opcode = 0x01, .out = &value, .length = 1});
    wait_idle();
    expect("SR1 after a volatile write", read_status(), BP(1));
    reset_chip();
    expect("SR1 after the chip's reset", read_status(), 0);
}

const struct check register_checks[] = {
    {"write enable and disable", check_write_enable, EVERY_FAMILY},
    {"write enable latch through erase and program", check_latch_life, EVERY_FAMILY},
    {"status registers repeat", check_repeat, WINBOND},
    {"write status registers 1 and 2", check_write_status, WINBOND},
    {"write status register 3", check_third_register, WINBOND},
    {"read-only status bits", check_read_only_bits, WINBOND},
    {"quad enable bit", check_quad_enable, WINBOND},
    {"volatile status write", check_volatile_write, WINBOND},
    {NULL},
};
