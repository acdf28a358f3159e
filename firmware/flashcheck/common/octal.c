#include "octal.h"

#include "flash.h"

#define IO_MODE 0x00u
#define WAIT_CLOCKS 0x01u
#define OCTAL_DDR 0xE7u

bool octal;
static uint32_t array_wait = OCTAL_WAIT;

static void configure(uint32_t address, uint8_t value)
{
    send(0x06);
    transfer(&(struct command){
        .opcode = 0x81, .address_bits = 24, .address = address, .out = &value, .length = 1});
}

void octal_enter(uint32_t wait)
{
    configure(WAIT_CLOCKS, (uint8_t)wait);
    configure(IO_MODE, OCTAL_DDR);
    octal = true;
    array_wait = wait;
    port_map(&(struct command){.opcode = 0xFD, .dummy = (uint8_t)wait});
}

void octal_leave_by_pin(void)
{
    port_reset_pin();
    octal = false;
}

void octal_leave_by_command(void)
{
    send(0x66);
    send(0x99);
    octal = false;
    wait_idle();
}

struct command octal_form(const struct command *command)
{
    struct command form = *command;
    const bool reads_array = command->opcode == 0x03;
    form.lanes = form.address_lanes = form.data_lanes = 8;
    form.ddr = true;
    if (form.address_bits)
        form.address_bits = 32;
    if (reads_array)
        form.opcode = 0x0B; /* octal DDR has no 03h */
    if (form.in)
        form.dummy = (uint8_t)(reads_array ? array_wait : OCTAL_REGISTER_WAIT);
    return form;
}

uint8_t octal_configuration(uint32_t address)
{
    uint8_t values[2] = {0};
    transfer(&(struct command){
        .opcode = 0x85, .address_bits = 24, .address = address, .in = values, .length = 2});
    return values[0];
}
