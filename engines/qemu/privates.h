/* SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process) */
#ifndef XIPSIM_PRIVATES_H
#define XIPSIM_PRIVATES_H

#include "python_api.h"

#define WORD 4

/* What QEMU has of the core's own, and how accesses to it are answered there. */
struct private {
    void *opaque;
    uint32_t (*read)(void *, uint64_t, uint64_t *, unsigned int, uint64_t);
    uint32_t (*write)(void *, uint64_t, uint64_t, unsigned int, uint64_t);
};

/* See nvic.c. The exception that a write there switches on or off, if it is one; else 0. Such a write. */
OWN unsigned int switches(uint64_t offset, uint64_t data, unsigned int size);
OWN uint32_t switch_interrupt(const struct private *nvic, unsigned int number, uint64_t offset,
                              uint64_t data, uint64_t attributes);

/* Any other write there: interrupts may be otherwise behind it. */
OWN void notice_write(uint64_t offset);

/* See maintenance.c. Whether that is a write to a register of cache maintenance; such a write. */
OWN int is_maintenance(uint64_t offset, unsigned int size);
OWN uint32_t maintain(const struct private *nvic, uint64_t offset, uint64_t data,
                      uint64_t attributes);

#endif
