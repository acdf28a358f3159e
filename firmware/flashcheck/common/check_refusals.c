/* What a chip must not do. */
#include <stddef.h>

#include "checks.h"
#include "flash.h"
#include "tap.h"

static const uint8_t zeros[4];

static void check_without_latch(void)
{
    const uint32_t page = blank_pages(1);
    start_program(page, zeros, 4);
    expect("WIP after a program", read_status() & WIP, 0);
    port_sync();
    expect_true("a program without WEL", is_filled(page, 4, 0xFF));
    program(page, zeros, 4);
    send_at(part->erase[0].opcode, page);
    expect("WIP after an erase", read_status() & WIP, 0);
    port_sync();
    expect_true("an erase without WEL", is_filled(page, 4, 0));
}

static void check_status_write_without_latch(void)
{
    const uint8_t before = read_status(), value = 0x04;
    transfer(&(struct command){.opcode = 0x01, .out = &value, .length = 1});
    wait_idle();
    expect("SR1 after a write without WEL", read_status(), before);
}

static void check_while_busy(void)
{
    uint8_t id[3] = {0};
    make_blank(AREA + SECTOR);
    program(AREA + SECTOR, zeros, 4);
    send(0x06);
    send_at(part->erase[0].opcode, AREA);
    send(0x04);
    expect("SR1 after 04h during an erase", read_status() & (WIP | WEL), WIP | WEL);
    send_at(part->erase[0].opcode, AREA + SECTOR);
    transfer(&(struct command){.opcode = 0x9F, .in = id, .length = 3});
    expect_true("the chip gives its id during an erase", find_part(id) != part);
    send(0x06);
    wait_idle();
    expect("SR1 after the erase", read_status() & (WIP | WEL), 0);
    expect_true("the erase meant during the other was made", is_filled(AREA + SECTOR, 4, 0));
}

static void check_program_while_busy(void)
{
    const uint32_t page = blank_pages(2);
    send(0x06);
    start_program(page, zeros, 4);
    start_program(page + PAGE, zeros, 4);
    wait_idle();
    expect_true("the first program", is_filled(page, 4, 0));
    expect_true("the program during the first", is_filled(page + PAGE, 4, 0xFF));
}

static void check_program_without_data(void)
{
    const uint32_t page = blank_pages(1);
    send(0x06);
    send_at(0x02, page);
    expect("WIP", read_status() & WIP, 0);
    port_sync();
    expect_true("cells", is_filled(page, PAGE, 0xFF));
    send(0x04);
}

/* These belong to parts of 256 Mb and more. */
static void check_four_byte_commands(void)
{
    const uint8_t mark = 0x5A;
    uint8_t got = 0;
    const uint32_t page = blank_pages(1);
    program(page, &mark, 1);
    send(0xB7);
    read_array(page, &got, 1);
    expect("a cell after B7h", got, mark);
    send(0x06);
    transfer(&(struct command){.opcode = 0x21, .address_bits = 32, .address = page});
    expect("SR1 after 21h", read_status() & (WIP | WEL), WEL);
    transfer(&(struct command){.opcode = 0x12, .address_bits = 32, .address = page, .out = zeros,
                               .length = 4});
    expect("SR1 after 12h", read_status() & (WIP | WEL), WEL);
    send(0x04);
    port_sync();
    expect("the cell at the end", port_window[page], mark);
}

/* No part here has C3h. */
static void check_unknown_opcode(void)
{
    send(0x06);
    send(0xC3);
    expect("SR1", read_status() & (WIP | WEL), WEL);
    send(0x04);
    check_id("id after an unknown opcode");
}

const struct check refusal_checks[] = {
    {"program and erase without write enable", check_without_latch, EVERY_FAMILY},
    {"status write without write enable", check_status_write_without_latch, EVERY_FAMILY},
    {"commands during an erase", check_while_busy, EVERY_FAMILY},
    {"program during a program", check_program_while_busy, EVERY_FAMILY},
    {"program without data", check_program_without_data, EVERY_FAMILY},
    {"4-byte commands on a small part", check_four_byte_commands, WINBOND},
    {"unknown opcode", check_unknown_opcode, EVERY_FAMILY},
    {NULL},
};
