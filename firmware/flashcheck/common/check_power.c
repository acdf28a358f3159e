/* Suspend and resume, power-down, reset by command. */
#include <stddef.h>

#include "checks.h"
#include "flash.h"
#include "pause.h"
#include "tap.h"
#include "winbond.h"

#define POWER_DOWN_TICKS 6000 /* 10 us at 600 MHz; 3 us are needed */
#define UNIT (AREA + 0x40000)
#define ELSEWHERE (AREA + 0x80000)

static bool is_suspended(void)
{
    return read_register(0x35) & SUS;
}

static void start_erase(uint32_t address)
{
    send(0x06);
    send_at(part->erase[2].opcode, address);
}

static void check_erase_suspend(void)
{
    const uint8_t mark = 0x5A, other = 0xA5;
    uint8_t got = 0;
    make_blank(ELSEWHERE);
    program(ELSEWHERE, &mark, 1);
    make_blank(UNIT);
    program(UNIT, &mark, 1);
    start_erase(UNIT);
    send(0x75);
    wait_idle();
    expect_true("SUS is not set", is_suspended());
    expect("WEL while suspended", read_status() & WEL, 0);
    read_array(ELSEWHERE, &got, 1);
    expect("a cell elsewhere", got, mark);
    expect("the same in the window", port_window[ELSEWHERE], mark);
    program(ELSEWHERE + PAGE, &other, 1);
    expect("a cell programmed meanwhile", port_window[ELSEWHERE + PAGE], other);
    start_erase(ELSEWHERE);
    expect("WIP after another erase", read_status() & WIP, 0);
    send(0x04);
    send(0x7A);
    expect("WIP after 7Ah", read_status() & WIP, WIP);
    expect_true("SUS is still set", !is_suspended());
    wait_idle();
    expect_true("the unit is not blank", is_filled(UNIT, part->erase[2].size, 0xFF));
    expect("the cell elsewhere", port_window[ELSEWHERE], mark);
}

static void check_program_suspend(void)
{
    uint8_t pattern[PAGE];
    const uint32_t page = blank_pages(1);
    make_pattern(pattern, PAGE, 12);
    send(0x06);
    start_program(page, pattern, PAGE);
    send(0x75);
    wait_idle();
    expect_true("SUS is not set", is_suspended());
    send(0x7A);
    wait_idle();
    expect_true("SUS is still set", !is_suspended());
    expect_bytes("the page", port_window + page, pattern, PAGE);
}

static void check_idle_suspend(void)
{
    send(0x75);
    wait_idle();
    expect_true("SUS without an operation", !is_suspended());
    send(0x7A);
    expect("WIP after 7Ah without a suspended operation", read_status() & WIP, 0);
}

static void check_suspend_ended_by_reset(void)
{
    start_erase(UNIT);
    send(0x75);
    wait_idle();
    reset_chip();
    expect_true("SUS after reset", !is_suspended());
    erase_sector(UNIT);
}

static void check_power_down(void)
{
    const uint8_t zero = 0;
    const uint32_t page = blank_pages(1);
    send(0x06);
    send(0xB9);
    pause_for(POWER_DOWN_TICKS);
    expect_true("the chip gives its id in power-down", !answers());
    send(0x06);
    start_program(page, &zero, 1);
    wake();
    port_sync();
    check_id("id after ABh");
    expect("WIP after ABh", read_status() & WIP, 0);
    expect("a cell that was programmed in power-down", port_window[page], 0xFF);
}

static void check_reset_pair(void)
{
    send(0x06);
    send(0x99);
    wait_idle();
    expect("WEL after 99h alone", read_status() & WEL, WEL);
    send(0x66);
    send(0x06);
    send(0x99);
    wait_idle();
    expect("WEL after 66h, 06h, 99h", read_status() & WEL, WEL);
    reset_chip();
    expect("WEL after 66h, 99h", read_status() & WEL, 0);
}

/* What the aborted erase leaves is not defined; that it ends is. */
static void check_reset_while_busy(void)
{
    start_erase(UNIT);
    reset_chip();
    expect("SR1 after reset", read_status() & (WIP | WEL), 0);
    erase_sector(UNIT);
    expect_true("the next erase", is_filled(UNIT, SECTOR, 0xFF));
}

const struct check power_checks[] = {
    {"suspend and resume an erase", check_erase_suspend, WINBOND},
    {"suspend and resume a program", check_program_suspend, WINBOND},
    {"suspend with nothing under way", check_idle_suspend, WINBOND},
    {"reset ends a suspended erase", check_suspend_ended_by_reset, WINBOND},
    {"power-down", check_power_down, EVERY_FAMILY},
    {"reset needs both commands in a row", check_reset_pair, WINBOND},
    {"reset ends an erase", check_reset_while_busy, WINBOND},
    {NULL},
};
