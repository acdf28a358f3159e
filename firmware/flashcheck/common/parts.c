#include "parts.h"

#include <stddef.h>

#define UNITS_4K_32K_64K {{0x20, 0x1000}, {0x52, 0x8000}, {0xD8, 0x10000}}

/* IS25LX/WX: D8h erases 128 KB. */
#define UNITS_4K_32K_128K {{0x20, 0x1000}, {0x52, 0x8000}, {0xD8, 0x20000}}

/* W25Q16JV, W25Q64JV (Winbond); suffix -IQ: QE fixed, -IM: QE writable, QPI. */
#define W25Q16 \
    .family = WINBOND, .size = 0x200000, .erase = UNITS_4K_32K_64K, .device_id = 0x14, \
    .protect_unit = 0x10000
#define W25Q64 \
    .family = WINBOND, .size = 0x800000, .erase = UNITS_4K_32K_64K, .device_id = 0x16, \
    .protect_unit = 0x20000, .bottom_two_mb = 5

static const struct part parts[] = {
    {.name = "W25Q16JV-IQ", .id = {0xEF, 0x40, 0x15}, W25Q16, .qe_fixed = true},
    {.name = "W25Q16JV-IM", .id = {0xEF, 0x70, 0x15}, W25Q16, .qpi = true},
    {.name = "W25Q64JV-IQ", .id = {0xEF, 0x40, 0x17}, W25Q64, .qe_fixed = true},
    {.name = "W25Q64JV-IM", .id = {0xEF, 0x70, 0x17}, W25Q64, .qpi = true},
    {
        .name = "IS25WX512",
        .id = {0x9D, 0x5B, 0x1A},
        .family = ISSI_OCTAL,
        .size = 0x4000000,
        .erase = UNITS_4K_32K_128K,
    },
};

const struct part *part;

const struct part *find_part(const uint8_t id[3])
{
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        const uint8_t *known = parts[i].id;
        if (known[0] == id[0] && known[1] == id[1] && known[2] == id[2])
            return &parts[i];
    }
    return NULL;
}
