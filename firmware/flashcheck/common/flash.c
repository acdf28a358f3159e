#include "flash.h"

#include "memory.h"
#include "octal.h"
#include "parts.h"
#include "pause.h"
#include "tap.h"

/* Polls before a chip counts as stuck: the last ones come every 10 ms, 64 KB may take 2 s. */
#define POLLS 1000

#define RELEASE_TICKS 24000 /* 40 us at 600 MHz; IS25WX needs 30 */

void transfer(const struct command *command)
{
    bool done;
    if (octal && !command->lanes) {
        const struct command form = octal_form(command);
        done = port_transfer(&form);
    } else {
        done = port_transfer(command);
    }
    expect_true("the controller reports an error", done);
}

void send(uint8_t opcode)
{
    transfer(&(struct command){.opcode = opcode});
}

void send_at(uint8_t opcode, uint32_t address)
{
    transfer(&(struct command){.opcode = opcode, .address_bits = 24, .address = address});
}

uint8_t read_register(uint8_t opcode)
{
    uint8_t value = 0;
    transfer(&(struct command){.opcode = opcode, .in = &value, .length = 1});
    return value;
}

uint8_t read_status(void)
{
    return read_register(0x05);
}

void wait_idle(void)
{
    uint8_t status = 0;
    const struct command poll = {.opcode = 0x05, .in = &status, .length = 1};
    uint32_t pause = PAUSE_SHORTEST;
    for (unsigned i = 0; i < POLLS; i++) {
        transfer(&poll);
        if (!(status & WIP)) {
            port_sync();
            return;
        }
        pause_for(pause);
        if (pause < PAUSE_LONGEST)
            pause += pause / 2;
    }
    tap_bail_out("the chip stays busy");
}

void write_register(uint8_t opcode, const uint8_t *values, unsigned count)
{
    send(0x06);
    transfer(&(struct command){.opcode = opcode, .out = values, .length = count});
    wait_idle();
}

void read_array(uint32_t address, uint8_t *to, uint32_t count)
{
    count += octal & count;
    transfer(&(struct command){
        .opcode = 0x03, .address_bits = 24, .address = address, .in = to, .length = count});
}

void start_program(uint32_t address, const uint8_t *from, uint32_t count)
{
    uint8_t padded[PAGE];
    if (octal && (count & 1)) {
        memcpy(padded, from, count);
        padded[count++] = 0xFF;
        from = padded;
    }
    transfer(&(struct command){
        .opcode = 0x02, .address_bits = 24, .address = address, .out = from, .length = count});
}

void program(uint32_t address, const uint8_t *from, uint32_t count)
{
    send(0x06);
    start_program(address, from, count);
    wait_idle();
}

void erase(uint8_t opcode, uint32_t address)
{
    send(0x06);
    send_at(opcode, address);
    wait_idle();
}

void erase_sector(uint32_t address)
{
    erase(part->erase[0].opcode, address);
}

void make_blank(uint32_t address)
{
    if (!is_filled(address & -SECTOR, SECTOR, 0xFF))
        erase_sector(address);
}

uint32_t blank_pages(unsigned count)
{
    static uint32_t next = PAGES;
    const uint32_t first = next;
    next += count * PAGE;
    for (uint32_t page = first; page < next; page += PAGE)
        if (page % SECTOR == 0)
            make_blank(page);
    return first;
}

bool is_filled(uint32_t address, uint32_t count, uint8_t value)
{
    const volatile uint8_t *at = port_window + address;
    while (count--)
        if (*at++ != value)
            return false;
    return true;
}

void make_pattern(uint8_t *to, uint32_t count, uint8_t seed)
{
    uint32_t state = seed + 1u;
    for (uint32_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        to[i] = (uint8_t)(state >> 24);
    }
}

bool answers(void)
{
    uint8_t id[3] = {0};
    transfer(&(struct command){.opcode = 0x9F, .in = id, .length = 3});
    return find_part(id) == part;
}

void wake(void)
{
    send(0xAB);
    pause_for(RELEASE_TICKS);
}

/* Out of QPI, out of continuous read, awake. */
static void revive(void)
{
    static const uint8_t ones[] = {0xFF};
    transfer(&(struct command){.opcode = 0xFF, .lanes = 4});
    transfer(&(struct command){.opcode = 0xFF, .out = ones, .length = 1});
    wake();
}

static uint32_t read_registers(void)
{
    return read_status() | read_register(0x35) << 8 | read_register(0x15) << 16;
}

void reset_chip(void)
{
    send(0x66);
    send(0x99);
    wait_idle();
}

static void write_registers(uint32_t values)
{
    const uint8_t low[] = {(uint8_t)values, (uint8_t)(values >> 8)}, high = (uint8_t)(values >> 16);
    write_register(0x01, low, 2);
    write_register(0x11, &high, 1);
}

void recover(void)
{
    static bool known;
    static uint32_t found;
    if (part->family == ISSI_OCTAL) {
        if (!octal || !answers() || read_status() || octal_configuration(1) != OCTAL_WAIT) {
            octal_leave_by_pin();
            octal_enter(OCTAL_WAIT);
        }
        return;
    }
    if (!answers())
        revive();
    if (known && read_registers() == found)
        return;
    reset_chip();
    if (!known)
        found = read_registers();
    else if (read_registers() != found)
        write_registers(found);
    known = true;
}

void check_id(const char *what)
{
    uint8_t id[3];
    transfer(&(struct command){.opcode = 0x9F, .in = id, .length = 3});
    expect_bytes(what, id, part->id, 3);
}
