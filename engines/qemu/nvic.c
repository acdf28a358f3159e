/*
 * Two things for which QEMU looks through all interrupts of the core, 50 instructions for each.
 *
 * One that is not pending is switched off for a moment, and on again. What QEMU would change is one
 * byte, which is changed here, once QEMU has been seen to change it, and nothing else.
 *
 * One comes, is taken, and is over. Only those up to the last one that is pending or taken matter then,
 * and as long as that takes, QEMU is told that it has no others.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include <string.h>

#include "passages.h"
#include "privates.h"

/* Offsets of what switches interrupts on, and off: two rows of registers. (Armv8-M manual D1.2) */
#define ISER 0x100
#define ICER 0x180
#define IN_ROWS 0xBF /* bits of an offset in them */
#define IN_ROW 0x3F
#define ITNS 0x380 /* likewise: what says to which of the core's two states an interrupt belongs */
#define FIRST_INTERRUPT 16
#define EXCEPTIONS (FIRST_INTERRUPT + 8 * (IN_ROW + 1))

#define NVIC_WORDS 512 /* of QEMU's NVIC, from its beginning; among them is what is looked for */

/* What QEMU keeps of each exception, one behind the other: VecInfo, the same from 7.2 to 10.0. */
struct vector {
    int16_t priority;
    uint8_t enabled, pending, active, level;
};

static struct vector *vectors;        /* where they begin; NULL until that is known */
static uint64_t switched[EXCEPTIONS]; /* by attributes, plus 1, of an access that only did that */

/* All set from Python. How many exceptions QEMU has, NULL: it is not told; and how many there are. */
uint32_t *xipsim_exceptions, xipsim_all_exceptions;
void (*xipsim_set_input)(void *input, int level);

struct line {
    void *input;        /* QEMU's */
    uint64_t exception; /* that it makes pending */
};

void narrow_exceptions(uint32_t exception)
{
    uint32_t least = exception < FIRST_INTERRUPT ? FIRST_INTERRUPT : exception + 1, count;

    if (!xipsim_exceptions || !vectors) {
        return;
    }
    count = xipsim_all_exceptions;
    while (count > least && !vectors[count - 1].pending && !vectors[count - 1].active) {
        count--;
    }
    *xipsim_exceptions = count;
}

void widen_exceptions(void)
{
    if (xipsim_exceptions) {
        *xipsim_exceptions = xipsim_all_exceptions;
    }
}

void xipsim_drive(struct line *line, int level)
{
    narrow_exceptions((uint32_t)line->exception);
    xipsim_set_input(line->input, level);
    widen_exceptions();
}

/* Things may be otherwise now. */
void xipsim_forget_switched(void *unused)
{
    (void)unused;
    memset(switched, 0, sizeof switched);
}

unsigned int switches(uint64_t offset, uint64_t data, unsigned int size)
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

uint32_t switch_interrupt(const struct private *nvic, unsigned int number, uint64_t offset,
                          uint64_t data, uint64_t attributes)
{
    uint64_t before[NVIC_WORDS], *now = nvic->opaque;
    uint8_t on = !(offset & (ICER - ISER)), *changed;
    struct vector *first;
    uint32_t fault;

    if (switched[number] == attributes + 1 && !vectors[number].pending) {
        vectors[number].enabled = on;
        return 0;
    }
    memcpy(before, now, sizeof before);
    fault = nvic->write(now, offset, data, WORD, attributes);
    changed = find_change(before, now);
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

void notice_write(uint64_t offset)
{
    if ((offset & ~(uint64_t)IN_ROW) == ITNS) {
        xipsim_forget_switched(NULL);
    }
}
