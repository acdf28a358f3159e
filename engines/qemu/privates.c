/*
 * Accesses to what QEMU has of the core's own (NVIC, SysTick, the system's registers) come through
 * here to where they went before. Some that firmware makes often end elsewhere: see nvic.c and
 * maintenance.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include "passages.h"
#include "privates.h"

#define MOST_REGIONS 4 /* as in privates.py */

/* Set from Python; the first one is the NVIC, with the system's registers. */
struct private xipsim_privates[MOST_REGIONS];

static int which_private(void *opaque)
{
    int i = 0;

    while (xipsim_privates[i].opaque != opaque) {
        i++;
    }
    return i;
}

uint32_t xipsim_private_read(void *opaque, uint64_t offset, uint64_t *data, unsigned int size,
                             uint64_t attributes)
{
    int which = which_private(opaque);

    xipsim_disturbed++;
    return xipsim_privates[which].read(opaque, offset, data, size, attributes);
}

uint32_t xipsim_private_write(void *opaque, uint64_t offset, uint64_t data, unsigned int size,
                              uint64_t attributes)
{
    int which = which_private(opaque);
    unsigned int number;

    xipsim_disturbed++;
    if (!which) {
        if (is_maintenance(offset, size)) {
            return maintain(xipsim_privates, offset, data, attributes);
        }
        if ((number = switches(offset, data, size))) {
            return switch_interrupt(xipsim_privates, number, offset, data, attributes);
        }
        notice_write(offset);
    }
    return xipsim_privates[which].write(opaque, offset, data, size, attributes);
}
