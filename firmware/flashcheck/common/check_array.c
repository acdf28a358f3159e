/* Erase and program. */
#include <stddef.h>

#include "checks.h"
#include "flash.h"
#include "tap.h"

static const uint8_t zeros[4];

/* Cells on both sides of both ends of an erase unit: only those inside may change. */
static void check_erase(unsigned index)
{
    const uint32_t unit = part->erase[index].size, start = AREA + 0x40000, end = start + unit;
    const uint32_t marks[] = {start - 4, start, end - 4, end};
    for (unsigned i = 0; i < 4; i++)
        make_blank(marks[i]);
    for (unsigned i = 0; i < 4; i++)
        program(marks[i], zeros, 4);
    for (unsigned i = 0; i < 4; i++)
        expect_true("a mark was not programmed", is_filled(marks[i], 4, 0));
    /* The low bits of an erase's address do not count. */
    erase(part->erase[index].opcode, start + 0x123);
    expect_true("the unit is not blank", is_filled(start, unit, 0xFF));
    expect_true("cells below the unit were erased", is_filled(start - 4, 4, 0));
    expect_true("cells above the unit were erased", is_filled(end, 4, 0));
}

static void check_smallest_erase(void)
{
    check_erase(0);
}

static void check_middle_erase(void)
{
    check_erase(1);
}

static void check_largest_erase(void)
{
    check_erase(2);
}

static void check_program(void)
{
    static const uint32_t lengths[] = {1, 3, 4, 5, 127, 256};
    uint8_t pattern[PAGE], got[PAGE];
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const uint32_t at = blank_pages(1), length = lengths[i];
        make_pattern(pattern, length, (uint8_t)i);
        program(at, pattern, length);
        read_array(at, got, length);
        expect_bytes("cells by the read command", got, pattern, length);
        expect_bytes("cells in the window", port_window + at, pattern, length);
        expect_true("cells behind were changed", is_filled(at + length, PAGE - length, 0xFF));
    }
}

static void check_and(void)
{
    static const uint8_t first[] = {0x3C, 0xFF, 0x00, 0xA5};
    static const uint8_t second[] = {0xF0, 0x5A, 0xFF, 0xFF};
    static const uint8_t both[] = {0x30, 0x5A, 0x00, 0xA5};
    uint8_t got[4];
    const uint32_t at = blank_pages(1) + 16;
    program(at, first, 4);
    program(at, second, 4);
    read_array(at, got, 4);
    expect_bytes("cells programmed twice", got, both, 4);
}

static void check_page_wrap(void)
{
    uint8_t pattern[16];
    const uint32_t before = blank_pages(3), page = before + PAGE, next = page + PAGE;
    make_pattern(pattern, 16, 1);
    program(next - 10, pattern, 16);
    expect_bytes("end of the page", port_window + next - 10, pattern, 10);
    expect_bytes("beginning of the page", port_window + page, pattern + 10, 6);
    expect_true("the middle was changed", is_filled(page + 6, PAGE - 16, 0xFF));
    expect_true("the next page was changed", is_filled(next, PAGE, 0xFF));
    expect_true("the page before was changed", is_filled(before, PAGE, 0xFF));
}

/* More than a page's bytes: the last 256 are kept. */
static void check_overlong_program(void)
{
    uint8_t pattern[PAGE + 8];
    const uint32_t page = blank_pages(2);
    make_pattern(pattern, sizeof pattern, 2);
    program(page + 32, pattern, sizeof pattern);
    expect_bytes("bytes sent last", port_window + page + 32, pattern + PAGE, 8);
    expect_bytes("bytes up to the page's end", port_window + page + 40, pattern + 8, PAGE - 40);
    expect_bytes("bytes that wrapped", port_window + page, pattern + PAGE - 32, 32);
    expect_true("the next page was changed", is_filled(page + PAGE, PAGE, 0xFF));
}

const struct check array_checks[] = {
    {"erase the smallest unit", check_smallest_erase, EVERY_FAMILY},
    {"erase the middle unit", check_middle_erase, EVERY_FAMILY},
    {"erase the largest unit", check_largest_erase, EVERY_FAMILY},
    {"program", check_program, EVERY_FAMILY},
    {"program only clears bits", check_and, EVERY_FAMILY},
    {"program wraps within the page", check_page_wrap, EVERY_FAMILY},
    {"program of more than a page", check_overlong_program, EVERY_FAMILY},
    {NULL},
};
