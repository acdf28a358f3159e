/* Block protection: Winbond's BP, TB, SEC, CMP bits, and individual locks (WPS). */
#include <stddef.h>

#include "checks.h"
#include "flash.h"
#include "tap.h"
#include "winbond.h"

/* Status bits until the next reset of the chip, which ends every check. */
static void set_volatile(uint8_t opcode, uint8_t value)
{
    send(0x50);
    transfer(&(struct command){.opcode = opcode, .out = &value, .length = 1});
    wait_idle();
}

static void protect(uint8_t sr1, bool complement)
{
    const uint8_t sr2 = read_register(0x35);
    set_volatile(0x31, complement ? sr2 | CMP : sr2 & ~CMP);
    set_volatile(0x01, sr1);
}

/* Whether the chip begins a program there. FFh changes no cell, wherever it goes. */
static bool takes_program(uint32_t address)
{
    static const uint8_t ones[] = {0xFF};
    send(0x06);
    start_program(address, ones, 1);
    const bool taken = read_status() & WIP;
    wait_idle();
    send(0x04);
    return taken;
}

static void expect_border(const char *what, uint32_t border, bool protects_above)
{
    expect(what, takes_program(border - 1), protects_above);
    expect(what, takes_program(border), !protects_above);
}

static void check_cells_stay(void)
{
    const uint32_t at = part->size - part->protect_unit;
    const uint8_t zero = 0, mark = 0x5A;
    make_blank(at);
    program(at, &mark, 1);
    protect(BP(1), false);
    program(at, &zero, 1);
    expect("a protected cell after a program", port_window[at], mark);
    erase_sector(at);
    expect("a protected cell after an erase of 4 KB", port_window[at], mark);
    erase(part->erase[2].opcode, at);
    expect("a protected cell after an erase of 64 KB", port_window[at], mark);
    protect(0, false);
    erase_sector(at);
    expect("the cell after an erase without protection", port_window[at], 0xFF);
}

static void check_top(void)
{
    for (uint8_t code = 1; part->protect_unit << (code - 1) < part->size; code += 2) {
        protect(BP(code), false);
        expect_border("protected from the top", part->size - (part->protect_unit << (code - 1)),
                      true);
    }
    protect(BP(7), false);
    expect("BP = 7: takes a program", takes_program(AREA), false);
    protect(BP(0), false);
    expect("BP = 0: takes a program", takes_program(part->size - 2 * SECTOR), true);
}

static void check_bottom(void)
{
    if (part->bottom_two_mb) {
        protect(TB | BP(part->bottom_two_mb), false);
        expect_border("protected from the bottom", 0x200000, false);
    }
    protect(TB | BP(1), false);
    expect("TB: takes a program above", takes_program(AREA), true);
    expect("TB: takes a program at the top", takes_program(part->size - 2 * SECTOR), true);
    protect(TB | BP(7), false);
    expect("TB, BP = 7: takes a program", takes_program(AREA), false);
}

static void check_sectors(void)
{
    protect(SEC | BP(2), false);
    expect_border("SEC, BP = 2: 8 KB", part->size - 0x2000, true);
    protect(SEC | BP(4), false);
    expect_border("SEC, BP = 4: 32 KB", part->size - 0x8000, true);
}

static void check_complement(void)
{
    protect(0, true);
    expect("CMP, BP = 0: takes a program", takes_program(AREA), false);
    protect(BP(1), true);
    expect_border("CMP: protected below", part->size - part->protect_unit, false);
    protect(BP(7), true);
    expect("CMP, BP = 7: takes a program", takes_program(AREA), true);
}

/* Part of an erase unit protected: all of it stays. */
static void check_unit_at_border(void)
{
    const uint8_t mark = 0x5A;
    const uint32_t unit = part->size - 0x10000;
    make_blank(unit);
    program(unit, &mark, 1);
    protect(SEC | BP(4), false);
    erase(part->erase[2].opcode, unit);
    expect("a cell beside the protected half", port_window[unit], mark);
    erase_sector(unit);
    expect("the same after an erase of its sector alone", port_window[unit], 0xFF);
}

static void lock(uint8_t opcode, uint32_t address)
{
    send(0x06);
    send_at(opcode, address);
}

static uint8_t read_lock(uint32_t address)
{
    uint8_t value = 0;
    transfer(&(struct command){
        .opcode = 0x3D, .address_bits = 24, .address = address, .in = &value, .length = 1});
    return value & 1;
}

static void check_individual_locks(void)
{
    const uint32_t other = AREA + 0x10000;
    set_volatile(0x11, read_register(0x15) | WPS);
    send(0x06);
    send(0x98);
    expect("lock bit after 98h", read_lock(AREA), 0);
    expect("98h: takes a program", takes_program(AREA), true);
    lock(0x36, AREA + 0x8000);
    expect("lock bit after 36h", read_lock(AREA), 1);
    expect("lock bit of the next block", read_lock(other), 0);
    expect("36h: takes a program", takes_program(AREA), false);
    expect("36h: takes a program in the next block", takes_program(other), true);
    send(0x06);
    send(0x7E);
    expect("lock bit after 7Eh", read_lock(other), 1);
    lock(0x39, AREA);
    expect("lock bit after 39h", read_lock(AREA), 0);
    expect("39h: takes a program", takes_program(AREA), true);
    expect("7Eh: takes a program", takes_program(other), false);
    reset_chip();
    expect("lock bit after reset", read_lock(AREA), 1);
}

const struct check protection_checks[] = {
    {"protected cells stay as they are", check_cells_stay, WINBOND},
    {"protection from the top", check_top, WINBOND},
    {"protection from the bottom", check_bottom, WINBOND},
    {"protection of sectors", check_sectors, WINBOND},
    {"protection complemented", check_complement, WINBOND},
    {"erase unit that is protected in part", check_unit_at_border, WINBOND},
    {"individual block locks", check_individual_locks, WINBOND},
    {NULL},
};
