/* Ids and SFDP. */
#include <stddef.h>

#include "checks.h"
#include "flash.h"
#include "tap.h"

static void check_jedec_id(void)
{
    check_id("id by 9Fh");
}

static void check_maker_id(void)
{
    const uint8_t expected[] = {part->id[0], part->device_id, part->id[0], part->device_id};
    uint8_t id[4];
    struct command command = {.opcode = 0x90, .address_bits = 24, .in = id, .length = 4};
    transfer(&command);
    expect_bytes("id by 90h, address 0", id, expected, 4);
    command.address = 1;
    command.length = 3;
    transfer(&command);
    expect_bytes("id by 90h, address 1", id, expected + 1, 3);
}

static void check_device_id(void)
{
    uint8_t id = 0;
    transfer(&(struct command){.opcode = 0xAB, .dummy = 24, .in = &id, .length = 1});
    expect("id by ABh", id, part->device_id);
    wait_idle();
}

static void check_unique_id(void)
{
    uint8_t once[8], again[8], all_and = 0xFF, all_or = 0;
    struct command command = {.opcode = 0x4B, .dummy = 32, .in = once, .length = 8};
    transfer(&command);
    command.in = again;
    transfer(&command);
    expect_bytes("second reading", again, once, 8);
    for (unsigned i = 0; i < 8; i++) {
        all_and &= once[i];
        all_or |= once[i];
    }
    expect_true("the unique id is blank", all_and != 0xFF && all_or != 0);
}

static void read_sfdp(uint32_t address, uint8_t *to, uint32_t count)
{
    transfer(&(struct command){.opcode = 0x5A, .address_bits = 24, .dummy = 8,
                               .address = address, .in = to, .length = count});
}

static uint32_t word(const uint8_t *at)
{
    return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* JESD216: the header, and the table's place; returns that, or 0. */
static uint32_t find_table(void)
{
    static const uint8_t signature[] = {'S', 'F', 'D', 'P'};
    uint8_t header[16];
    read_sfdp(0, header, sizeof header);
    expect_bytes("signature", header, signature, 4);
    expect("major revision", header[5], 1);
    expect("unused byte", header[7], 0xFF);
    expect("id of the first table, low byte", header[8], 0x00);
    expect("id of the first table, high byte", header[15], 0xFF);
    expect_true("the first table has fewer than 16 words", header[11] >= 16);
    return word(header + 12) & 0xFFFFFF;
}

static void check_sfdp(void)
{
    static const uint8_t quad_reads[] = {0x44, 0xEB, 0x08, 0x6B}; /* EBh 2 + 4, 6Bh 8 clocks */
    static const uint8_t erases[] = {0x0C, 0x20, 0x0F, 0x52, 0x10, 0xD8};
    uint8_t table[64];
    read_sfdp(find_table(), table, sizeof table);
    expect("4K erase opcode", table[1], 0x20);
    expect("address bytes: 3 only", table[2] >> 1 & 3, 0);
    expect("density in bits, less 1", word(table + 4), part->size * 8 - 1);
    expect_bytes("1-4-4 and 1-1-4 reads", table + 8, quad_reads, 4);
    expect_bytes("erase types", table + 28, erases, 6);
    expect("page size, log2", table[40] >> 4, 8);
    expect("suspend opcodes", word(table + 48), 0x757A757A);
    expect("power-down and release opcodes", word(table + 52) >> 15 & 0xFFFF, 0xB9AB);
    expect("quad enable requirement", word(table + 56) >> 20 & 7, 4);
    expect("reset by 66h, 99h", table[61] >> 4 & 1, 1);
}

const struct check id_checks[] = {
    {"read JEDEC id", check_jedec_id, EVERY_FAMILY},
    {"read maker and device id", check_maker_id, WINBOND},
    {"device id by release from power-down", check_device_id, WINBOND},
    {"unique id", check_unique_id, WINBOND},
    {"SFDP", check_sfdp, WINBOND},
    {NULL},
};
