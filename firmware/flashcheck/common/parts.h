/* The parts that the checks know, and what their data sheets say of them. */
#ifndef PARTS_H
#define PARTS_H

#include <stdbool.h>
#include <stdint.h>

enum family {
    WINBOND = 1,    /* W25QxxJV: three status registers, QE, QPI */
    ISSI_OCTAL = 2, /* IS25LX, IS25WX: flag status, configuration registers, octal DDR */
    EVERY_FAMILY = 3,
};

struct erase_unit {
    uint8_t opcode;
    uint32_t size;
};

struct part {
    const char *name;
    uint8_t id[3];             /* 9Fh */
    enum family family;
    uint32_t size;
    struct erase_unit erase[3]; /* smallest first */
    /* Winbond only. */
    uint8_t device_id;         /* second byte of 90h, and ABh */
    bool qe_fixed;             /* QE is 1 and stays 1 */
    bool qpi;                  /* 38h enters QPI */
    uint32_t protect_unit;     /* bytes that BP = 1 protects, SEC = 0 */
    uint32_t bottom_two_mb;    /* BP code that with TB = 1 protects the lowest 2 MB, 0: none */
};

/* The part with this id; null if it is not known. */
const struct part *find_part(const uint8_t id[3]);

/* The part on the board, once it is known. */
extern const struct part *part;

#endif
