/* Octal DDR, its ways in and out, flag status. IS25LX and IS25WX. */
#include <stddef.h>

#include "checks.h"
#include "flash.h"
#include "octal.h"
#include "tap.h"

#define FSR_READY 0x80
#define FSR_ERASE_SUSPENDED 0x40

static bool answers_on_one_line(void)
{
    uint8_t id[3] = {0};
    port_transfer(&(struct command){.opcode = 0x9F, .in = id, .length = 3});
    return find_part(id) == part;
}

static bool answers_on_eight_lines(void)
{
    uint8_t id[3] = {0};
    const struct command read = {.opcode = 0x9F, .in = id, .length = 3};
    const struct command form = octal_form(&read);
    port_transfer(&form);
    return find_part(id) == part;
}

static void check_entry(void)
{
    expect("I/O mode", octal_configuration(0x00), 0xE7);
    expect("dummy clocks", octal_configuration(0x01), OCTAL_WAIT);
    expect_true("no id on eight lines", answers_on_eight_lines());
    expect_true("the chip understands one line in octal DDR", !answers_on_one_line());
    octal_leave_by_pin();
    octal_enter(OCTAL_WAIT);
    expect_true("no id on eight lines, entered again", answers_on_eight_lines());
}

static void expect_left(void)
{
    expect_true("no id on one line", answers_on_one_line());
    expect_true("the chip understands octal DDR", !answers_on_eight_lines());
    expect("I/O mode", octal_configuration(0x00), 0xFF);
}

static void check_exit_by_pin(void)
{
    octal_leave_by_pin();
    expect_left();
}

static void check_exit_by_command(void)
{
    octal_leave_by_command();
    expect_left();
}

/* The array is the same by one line (03h) and by eight. */
static void check_one_line_read(void)
{
    uint8_t pattern[PAGE], got[64];
    const uint32_t page = blank_pages(1);
    make_pattern(pattern, PAGE, 20);
    program(page, pattern, PAGE);
    octal_leave_by_pin();
    read_array(page, got, sizeof got);
    expect_bytes("array on one line", got, pattern, sizeof got);
    octal_enter(OCTAL_WAIT);
    expect_bytes("window", port_window + page, pattern, PAGE);
}

static void check_one_line_program(void)
{
    uint8_t pattern[64], got[64];
    const uint32_t page = blank_pages(1);
    make_pattern(pattern, sizeof pattern, 21);
    octal_leave_by_pin();
    program(page, pattern, sizeof pattern);
    octal_enter(OCTAL_WAIT);
    read_array(page, got, sizeof got);
    expect_bytes("array on eight lines", got, pattern, sizeof pattern);
}

static void check_dummy_clocks(void)
{
    static const uint8_t waits[] = {10, 16, 20};
    uint8_t pattern[PAGE], got[PAGE];
    const uint32_t page = blank_pages(1);
    make_pattern(pattern, PAGE, 22);
    program(page, pattern, PAGE);
    for (unsigned i = 0; i < sizeof waits; i++) {
        octal_leave_by_pin();
        octal_enter(waits[i]);
        read_array(page, got, PAGE);
        expect_bytes("array by a read command", got, pattern, PAGE);
        port_sync();
        expect_bytes("window", port_window + page, pattern, PAGE);
    }
}

static void check_flag_status(void)
{
    expect("FSR when idle", read_register(0x70) & FSR_READY, FSR_READY);
    send(0x06);
    send_at(part->erase[0].opcode, AREA);
    expect("FSR during an erase", read_register(0x70) & FSR_READY, 0);
    wait_idle();
    expect("FSR after an erase", read_register(0x70) & FSR_READY, FSR_READY);
}

static void check_suspend(void)
{
    const uint32_t unit = AREA + 0x40000, elsewhere = blank_pages(1);
    uint8_t pattern[PAGE];
    make_pattern(pattern, PAGE, 23);
    program(elsewhere, pattern, PAGE);
    send(0x06);
    send_at(part->erase[2].opcode, unit);
    send(0x75);
    wait_idle();
    expect("FSR while suspended", read_register(0x70) & FSR_ERASE_SUSPENDED, FSR_ERASE_SUSPENDED);
    port_sync();
    expect_bytes("window elsewhere", port_window + elsewhere, pattern, PAGE);
    send(0x7A);
    expect("WIP after 7Ah", read_status() & WIP, WIP);
    wait_idle();
    expect("FSR at the end", read_register(0x70) & FSR_ERASE_SUSPENDED, 0);
    expect_true("the unit is not blank", is_filled(unit, part->erase[2].size, 0xFF));
}

static void check_reset_while_busy(void)
{
    send(0x06);
    send_at(part->erase[2].opcode, AREA + 0x40000);
    octal_leave_by_command();
    expect("SR on one line", read_status() & (WIP | WEL), 0);
    expect_true("no id on one line", answers_on_one_line());
}

const struct check octal_checks[] = {
    {"octal DDR: entry", check_entry, ISSI_OCTAL},
    {"octal DDR: exit by the reset pin", check_exit_by_pin, ISSI_OCTAL},
    {"octal DDR: exit by 66h, 99h", check_exit_by_command, ISSI_OCTAL},
    {"octal DDR: read on one line", check_one_line_read, ISSI_OCTAL},
    {"octal DDR: program on one line", check_one_line_program, ISSI_OCTAL},
    {"octal DDR: dummy clocks", check_dummy_clocks, ISSI_OCTAL},
    {"flag status", check_flag_status, ISSI_OCTAL},
    {"suspend and resume an erase", check_suspend, ISSI_OCTAL},
    {"reset ends an erase", check_reset_while_busy, ISSI_OCTAL},
    {NULL},
};
