/* What the boot ROM reads: flash configuration block, image vector table, boot data.
 *
 * Source: i.MX RT1060 reference manual, System Boot. The ROM reads at 30 MHz with a command that
 * every serial NOR understands, on one line, so that the image starts whatever QE is.
 */
#include <stdint.h>

#include "board.h"
#include "flexspi.h"

#define FLASH 0x60000000u

struct flash_configuration {
    char tag[4];
    uint32_t version;
    uint32_t reserved0;
    uint8_t read_sample_clock; /* 0: internal loopback */
    uint8_t cs_hold, cs_setup;
    uint8_t column_address_width;
    uint8_t mode_and_configuration[0x30]; /* none */
    uint32_t controller_options;
    uint8_t device_type; /* 1: serial NOR */
    uint8_t pads;
    uint8_t serial_clock; /* 1: 30 MHz */
    uint8_t custom_sequences;
    uint32_t reserved1[2];
    uint32_t sizes[4];
    uint32_t pad_settings[8];
    uint32_t lut[64];
    uint8_t custom[0x40];
    uint32_t page_size;
    uint32_t sector_size;
    uint32_t clock_and_uniform;
    uint32_t reserved2;
    uint32_t block_size;
    uint32_t reserved3[11];
};

_Static_assert(sizeof(struct flash_configuration) == 512, "as the ROM reads it");

#define PAIR(first, second) ((first) | (second) << 16)

/* The smallest chip of the boards that this image is for; the checks learn the real size. */
__attribute__((section(".configuration"), used))
static const struct flash_configuration configuration = {
    .tag = "FCFB",
    .version = 0x56010400,
    .cs_hold = 3,
    .cs_setup = 3,
    .device_type = 1,
    .pads = 4,
    .serial_clock = 1,
    .sizes = {0x200000},
    .lut = {
        [0] = PAIR(INSTRUCTION(LUT_CMD, 0, 0x0B), INSTRUCTION(LUT_RADDR, 0, 24)),
        [1] = PAIR(INSTRUCTION(LUT_DUMMY, 0, 8), INSTRUCTION(LUT_READ, 0, 4)),
        [4] = PAIR(INSTRUCTION(LUT_CMD, 0, 0x05), INSTRUCTION(LUT_READ, 0, 4)),
        [12] = INSTRUCTION(LUT_CMD, 0, 0x06),
    },
    .page_size = 256,
    .sector_size = 0x1000,
    .block_size = 0x10000,
};

__attribute__((section(".vectors"), used))
const void *const boot_vectors[2] = {stack_top, (void *)start};

struct boot_data {
    uint32_t start;
    char *length;
    uint32_t plugin;
    uint32_t end;
};

__attribute__((section(".boot_data"), used))
static const struct boot_data boot_data = {.start = FLASH, .length = image_size, .end = ~0u};

struct vector_table {
    uint32_t header; /* tag D1h, length 20h, version 41h */
    const void *entry;
    uint32_t reserved0, configuration_data;
    const void *boot_data, *self;
    uint32_t signature, reserved1;
};

__attribute__((section(".image_vector_table"), used))
static const struct vector_table vector_table = {
    .header = 0x412000D1,
    .entry = boot_vectors,
    .boot_data = &boot_data,
    .self = &vector_table,
};
