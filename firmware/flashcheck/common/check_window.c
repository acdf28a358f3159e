/* The flash as the core reads and executes it. */
#include <stddef.h>

#include "checks.h"
#include "flash.h"
#include "tap.h"

static void check_against_commands(void)
{
    uint8_t pattern[PAGE], got[PAGE];
    const uint32_t pages = blank_pages(4);
    for (unsigned i = 0; i < 4; i += 2) {
        make_pattern(pattern, PAGE, (uint8_t)(i + 3));
        program(pages + i * PAGE, pattern, PAGE);
    }
    for (unsigned i = 0; i < 4; i++) {
        read_array(pages + i * PAGE, got, PAGE);
        expect_bytes("window against read command", port_window + pages + i * PAGE, got, PAGE);
    }
}

/* Every size of access, aligned and not. */
static void check_access_sizes(void)
{
    static const uint8_t bytes[] = {0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE};
    const uint32_t page = blank_pages(1);
    program(page, bytes, 8);
    const uintptr_t at = (uintptr_t)(port_window + page);
    expect("byte", *(volatile uint8_t *)(at + 3), 0x76);
    expect("half-word", *(volatile uint16_t *)(at + 2), 0x7654);
    expect("word", *(volatile uint32_t *)(at + 4), 0xFEDCBA98);
    expect("half-word, not aligned", *(volatile uint16_t *)(at + 1), 0x5432);
    expect("word, not aligned", *(volatile uint32_t *)(at + 1), 0x98765432);
}

/* Thumb: movs r0, #value; bx lr */
static void write_function(uint32_t address, uint8_t value)
{
    const uint8_t code[] = {value, 0x20, 0x70, 0x47};
    program(address, code, sizeof code);
}

static uint32_t call(uint32_t address)
{
    uint32_t (*function)(void) = (uint32_t (*)(void))((uintptr_t)(port_window + address) | 1);
    return function();
}

static void check_execution(void)
{
    const uint32_t at = AREA + 0x100;
    make_blank(AREA);
    write_function(at, 42);
    expect("first function", call(at), 42);
    expect("first function again", call(at), 42);
    erase_sector(AREA);
    write_function(at, 7);
    expect("function in the erased sector", call(at), 7);
    write_function(at, 3);
    expect("function after programming over it", call(at), 7 & 3);
}

/* Code on both sides of a sector's border, of which only one side is changed. */
static void check_execution_across_sectors(void)
{
    const uint32_t next = AREA + SECTOR;
    make_blank(AREA);
    make_blank(next);
    write_function(next - 2, 11);
    write_function(next + 0x20, 12);
    /* The page wraps, so that only movs lies at its end; bx goes to the next sector. */
    static const uint8_t bx_lr[] = {0x70, 0x47};
    program(next, bx_lr, 2);
    expect("function across the border", call(next - 2), 11);
    expect("function above", call(next + 0x20), 12);
    erase_sector(AREA);
    write_function(next - 4, 13);
    expect("function below, rewritten", call(next - 4), 13);
    expect("function above, untouched", call(next + 0x20), 12);
}

const struct check window_checks[] = {
    {"window against read commands", check_against_commands, EVERY_FAMILY},
    {"window in every access size", check_access_sizes, EVERY_FAMILY},
    {"run code that was just programmed", check_execution, EVERY_FAMILY},
    {"run code on both sides of an erase", check_execution_across_sectors, EVERY_FAMILY},
    {NULL},
};
