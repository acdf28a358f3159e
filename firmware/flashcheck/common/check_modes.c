/* Reads and programs on two and four lines, continuous read, QPI. Winbond's. */
#include <stddef.h>

#include "checks.h"
#include "flash.h"
#include "tap.h"
#include "winbond.h"

static const struct command reads[] = {
    {.opcode = 0x03, .address_bits = 24},
    {.opcode = 0x0B, .address_bits = 24, .dummy = 8},
    {.opcode = 0x3B, .address_bits = 24, .dummy = 8, .data_lanes = 2},
    {.opcode = 0x6B, .address_bits = 24, .dummy = 8, .data_lanes = 4},
    {.opcode = 0xBB, .address_bits = 24, .address_lanes = 2, .mode_bits = 8, .mode = 0xFF,
     .data_lanes = 2},
    {.opcode = 0xEB, .address_bits = 24, .address_lanes = 4, .mode_bits = 8, .mode = 0xFF,
     .dummy = 4, .data_lanes = 4},
};

static void enable_quad(void)
{
    const uint8_t sr2 = read_register(0x35) | QE;
    if (!(read_register(0x35) & QE))
        write_register(0x31, &sr2, 1);
}

/* A page with a pattern, for all the reads; QE is set. */
static uint32_t prepare(uint8_t *pattern)
{
    static uint32_t page;
    enable_quad();
    make_pattern(pattern, PAGE, 9);
    if (!page) {
        page = blank_pages(1);
        program(page, pattern, PAGE);
    }
    return page;
}

static void check_reads(void)
{
    uint8_t pattern[PAGE], got[PAGE];
    const uint32_t page = prepare(pattern);
    for (unsigned i = 0; i < sizeof reads / sizeof *reads; i++) {
        struct command read = reads[i];
        read.address = page + i;
        read.in = got;
        read.length = PAGE - i;
        transfer(&read);
        expect_bytes("array by a read command", got, pattern + i, PAGE - i);
    }
}

/* The same reads behind the window. */
static void check_mapped_reads(void)
{
    uint8_t pattern[PAGE];
    const uint32_t page = prepare(pattern);
    for (unsigned i = 0; i < sizeof reads / sizeof *reads; i++) {
        port_map(&reads[i]);
        expect_bytes("window", port_window + page, pattern, PAGE);
    }
    port_map(&reads[1]);
}

static void check_quad_program(void)
{
    uint8_t pattern[PAGE];
    const uint32_t page = blank_pages(1);
    enable_quad();
    make_pattern(pattern, PAGE, 10);
    send(0x06);
    transfer(&(struct command){.opcode = 0x32, .address_bits = 24, .data_lanes = 4,
                               .address = page, .out = pattern, .length = PAGE});
    wait_idle();
    expect_bytes("array after a program on four lines", port_window + page, pattern, PAGE);
}

/* Without QE lines 2 and 3 are /WP and /HOLD. */
static void check_quad_disabled(void)
{
    const uint8_t zeros[4] = {0}, sr2 = read_register(0x35) & ~QE;
    const uint32_t page = blank_pages(1);
    if (part->qe_fixed)
        return;
    write_register(0x31, &sr2, 1);
    send(0x06);
    transfer(&(struct command){.opcode = 0x32, .address_bits = 24, .data_lanes = 4,
                               .address = page, .out = zeros, .length = 4});
    wait_idle();
    enable_quad();
    expect_true("32h programs without QE", is_filled(page, 4, 0xFF));
}

/* Mode bits M5-4 = 10b: the next read begins with its address. */
static void check_continuous_read(void)
{
    uint8_t pattern[PAGE], got[16];
    const uint32_t page = prepare(pattern);
    struct command read = reads[5];
    read.mode = 0x20;
    read.address = page;
    read.in = got;
    read.length = 16;
    transfer(&read);
    expect_bytes("read with opcode", got, pattern, 16);
    read.no_opcode = true;
    read.address = page + 32;
    transfer(&read);
    expect_bytes("read without opcode", got, pattern + 32, 16);
    read.mode = 0xFF;
    read.address = page + 64;
    transfer(&read);
    expect_bytes("last read without opcode", got, pattern + 64, 16);
    check_id("id after continuous read");
}

static void check_continuous_read_reset(void)
{
    static const uint8_t ones[] = {0xFF};
    uint8_t pattern[PAGE], got[4];
    const uint32_t page = prepare(pattern);
    struct command read = reads[5];
    read.mode = 0x20;
    read.address = page;
    read.in = got;
    read.length = 4;
    transfer(&read);
    transfer(&(struct command){.opcode = 0xFF, .out = ones, .length = 1});
    check_id("id after FFh in continuous read");
}

static void check_qpi(void)
{
    uint8_t id[3] = {0}, pattern[PAGE], got[16];
    if (!part->qpi)
        return;
    const uint32_t page = prepare(pattern);
    send(0x38);
    transfer(&(struct command){.opcode = 0x9F, .lanes = 4, .data_lanes = 4, .in = id, .length = 3});
    expect_bytes("id by 9Fh on four lines", id, part->id, 3);
    /* 0Bh: 2 dummy clocks after reset (C0h, P5-4 = 0). */
    transfer(&(struct command){.opcode = 0x0B, .lanes = 4, .address_bits = 24, .address_lanes = 4,
                               .dummy = 2, .data_lanes = 4, .address = page, .in = got,
                               .length = 16});
    expect_bytes("fast read on four lines", got, pattern, 16);
    transfer(&(struct command){.opcode = 0x9F, .in = id, .length = 3});
    expect_true("the chip understands one line in QPI",
                id[0] != part->id[0] || id[1] != part->id[1] || id[2] != part->id[2]);
    transfer(&(struct command){.opcode = 0xFF, .lanes = 4});
    check_id("id after QPI");
}

/* 44h, 42h, 48h: the page at 1000h. */
static void check_security_register(void)
{
    const uint32_t at = 0x1000;
    uint8_t pattern[8], got[8];
    make_pattern(pattern, 8, 11);
    erase(0x44, at);
    send(0x06);
    transfer(&(struct command){.opcode = 0x42, .address_bits = 24, .address = at + 4,
                               .out = pattern, .length = 8});
    wait_idle();
    struct command read = {.opcode = 0x48, .address_bits = 24, .dummy = 8, .address = at + 4,
                           .in = got, .length = 8};
    transfer(&read);
    expect_bytes("security register", got, pattern, 8);
    erase(0x44, at);
    transfer(&read);
    for (unsigned i = 0; i < 8; i++)
        expect("security register, erased", got[i], 0xFF);
}

const struct check mode_checks[] = {
    {"reads on one, two and four lines", check_reads, WINBOND},
    {"window by reads on one, two and four lines", check_mapped_reads, WINBOND},
    {"program on four lines", check_quad_program, WINBOND},
    {"program on four lines without QE", check_quad_disabled, WINBOND},
    {"continuous read", check_continuous_read, WINBOND},
    {"continuous read ended by FFh", check_continuous_read_reset, WINBOND},
    {"QPI", check_qpi, WINBOND},
    {"security register", check_security_register, WINBOND},
    {NULL},
};
