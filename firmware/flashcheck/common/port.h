/* What a SoC's part offers to the checks: one flash command, the flash in memory, a console. */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stdint.h>

/* One cycle of chip select. A phase that is left out (all zero) is not sent. */
struct command {
    uint8_t opcode;
    bool no_opcode;         /* begin with the address: the chip is in continuous read */
    uint8_t lanes;          /* of opcode; 0 means 1, also below */
    uint8_t address_bits;   /* 0, 24 or 32 */
    uint8_t address_lanes;
    uint8_t mode_bits;      /* 0 or 8; on the address's lanes */
    uint8_t mode;
    uint8_t dummy;          /* clock cycles before the data */
    uint8_t data_lanes;
    bool ddr;               /* both clock edges, in every phase */
    uint32_t address;
    const uint8_t *out;     /* data to the chip */
    uint8_t *in;            /* or data from it */
    uint32_t length;
};

/* Carry out one command; false if the controller reports an error. */
bool port_transfer(const struct command *command);

/* From now on the core's reads of the flash are made with this read command. */
void port_map(const struct command *read);

/* Cells have changed: forget what controller and core have read ahead. */
void port_sync(void);

/* The controller shall expect a chip of this many bytes. */
void port_set_size(uint32_t size);

/* The flash as the core reads it, from offset 0 of the chip. */
extern volatile const uint8_t *const port_window;

/* Pulse the chip's reset pin; false where the board has none. */
bool port_reset_pin(void);

/* Make clocks, pins, controller and console ready. */
void port_start(void);

void port_write_character(char character);

#endif
