/*
 * Accesses to what QEMU has of the core's own (NVIC, SysTick, the system's registers) come through
 * here to where they went before. Two things that firmware does often end here.
 *
 * Maintenance of caches, of which QEMU has none: a driver whose buffer is 4 KB writes the addresses of
 * 128 lines, and behind each write QEMU finds out anew in which state the core is.
 *
 * An interrupt that is not pending is switched off for a moment, and on again: QEMU looks through all
 * of them each time, 50 instructions for each. What it would change is one byte, which is changed
 * here, once QEMU has been seen to change it, and nothing else.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include <string.h>

#include "passages.h"
#include "translation.h"

#define MOST_REGIONS 4 /* as in privates.py */
#define WORD 4

/* Offsets of the first and the last register of cache maintenance. (Armv8-M manual D1.2) */
#define ICIALLU 0xF50
#define BPIALL 0xF78

/* Offsets of what switches interrupts on, and off: two rows of registers. (Armv8-M manual D1.2) */
#define ISER 0x100
#define ICER 0x180
#define IN_ROWS 0xBF /* bits of an offset in them */
#define IN_ROW 0x3F
#define ITNS 0x380 /* likewise: what says to which of the core's two states an interrupt belongs */
#define FIRST_INTERRUPT 16
#define EXCEPTIONS (FIRST_INTERRUPT + 8 * (IN_ROW + 1))

#define NVIC_WORDS 512 /* of QEMU's NVIC, from its beginning; among them is what is looked for */

/* Set from Python; the first one is the NVIC, with the system's registers. */
struct {
    void *opaque;
    uint32_t (*read)(void *, uint64_t, uint64_t *, unsigned int, uint64_t);
    uint32_t (*write)(void *, uint64_t, uint64_t, unsigned int, uint64_t);
} xipsim_privates[MOST_REGIONS];

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
    xipsim_disturbed++;
    return xipsim_privates[which_private(opaque)].read(opaque, offset, data, size, attributes);
}

static int is_maintenance(uint64_t offset, unsigned int size)
{
    return offset >= ICIALLU && offset <= BPIALL && size == WORD;
}

static uint32_t maintain(uint64_t offset, uint64_t data, uint64_t attributes)
{
    static uint64_t allowed; /* attributes of an access that was no fault */
    static int is_known;
    uint32_t fault;

    translate_series();
    if (is_known && allowed == attributes) {
        return 0;
    }
    fault = xipsim_privates[0].write(xipsim_privates[0].opaque, offset, data, WORD, attributes);
    if (!fault) {
        allowed = attributes;
        is_known = 1;
    }
    return fault;
}

/* What QEMU keeps of each exception, one behind the other: VecInfo, the same from 7.2 to 10.0. */
struct vector {
    int16_t priority;
    uint8_t enabled, pending, active, level;
};

static struct vector *vectors;        /* where they begin; NULL until that is known */
static uint64_t switched[EXCEPTIONS]; /* by attributes, plus 1, of an access that only did that */

/* Things may be otherwise now. */
void xipsim_forget_switched(void *unused)
{
    (void)unused;
    memset(switched, 0, sizeof switched);
}

/* The exception that a write there switches, if it is one; else 0. */
static unsigned int switches(uint64_t offset, uint64_t data, unsigned int size)
{
    if ((offset & ~(uint64_t)IN_ROWS) != ISER || offset % WORD || size != WORD || !data ||
        data & (data - 1)) {
        return 0;
    }
    return FIRST_INTERRUPT + 8 * (unsigned int)(offset & IN_ROW) + __builtin_ctzll(data);
}

/* The byte that was switched, if nothing else is as it was not; else NULL. */
static uint8_t *find_change(const uint64_t *before, uint64_t *now)
{
    uint8_t *found = NULL;

    for (size_t i = 0; i < NVIC_WORDS; i++) {
        uint64_t change = before[i] ^ now[i];

        if (change) {
            int bit = __builtin_ctzll(change);

            if (found || bit % 8 || change != 1ull << bit) {
                return NULL;
            }
            found = (uint8_t *)&now[i] + bit / 8;
        }
    }
    return found;
}

static uint32_t switch_interrupt(unsigned int number, uint64_t offset, uint64_t data,
                                 uint64_t attributes)
{
    uint64_t before[NVIC_WORDS], *nvic = xipsim_privates[0].opaque;
    uint8_t on = !(offset & (ICER - ISER)), *changed;
    struct vector *first;
    uint32_t fault;

    if (switched[number] == attributes + 1 && !vectors[number].pending) {
        vectors[number].enabled = on;
        return 0;
    }
    memcpy(before, nvic, sizeof before);
    fault = xipsim_privates[0].write(nvic, offset, data, WORD, attributes);
    changed = find_change(before, nvic);
    if (changed && *changed == on) {
        first = (struct vector *)(changed - offsetof(struct vector, enabled)) - number;
        if (vectors != first) {
            xipsim_forget_switched(NULL);
            vectors = first;
        }
        switched[number] = attributes + 1;
    }
    return fault;
}

uint32_t xipsim_private_write(void *opaque, uint64_t offset, uint64_t data, unsigned int size,
                              uint64_t attributes)
{
    int which = which_private(opaque);
    unsigned int number;

    xipsim_disturbed++;
    if (!which) {
        if (is_maintenance(offset, size)) {
            return maintain(offset, data, attributes);
        }
        if ((number = switches(offset, data, size))) {
            return switch_interrupt(number, offset, data, attributes);
        }
        if ((offset & ~(uint64_t)IN_ROW) == ITNS) {
            xipsim_forget_switched(NULL);
        }
    }
    return xipsim_privates[which].write(opaque, offset, data, size, attributes);
}
