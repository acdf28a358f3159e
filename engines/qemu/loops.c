/*
 * Loops that poll: whether a turn of one has left the core's state, and what it uses of memory, as
 * they were. Who asks, and what for, stands in guest/proofs.py.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include <string.h>

#include "passages.h"

#define SP 13
#define STACK 1024
#define PAGE 4096
#define MOST_CORE 16384
#define MOST_PAGES 16    /* as in loops.py */
#define MOST_MEMORIES 64 /* likewise */

/* All set from Python. Of the core, from r0 on. */
uint8_t *xipsim_core_state;
uint64_t xipsim_core_bytes;

struct memory xipsim_memories[MOST_MEMORIES];

/* Pages that are looked at, too; up to NULL. */
uint8_t *xipsim_pages[MOST_PAGES + 1];

/* What may make a turn unlike another is counted. */
unsigned int xipsim_disturbed;

static struct {
    int64_t time; /* negative: nothing is marked */
    unsigned int disturbed;
    uint64_t stack_bytes;
    uint8_t core[MOST_CORE], stack[STACK], pages[MOST_PAGES][PAGE];
} mark = { .time = -1 };

/* The top of the stack: where it is, and how much of it is memory, at most STACK bytes. */
static uint64_t find_stack(const uint8_t **host)
{
    uint32_t sp;

    memcpy(&sp, xipsim_core_state + SP * sizeof sp, sizeof sp);
    for (const struct memory *m = xipsim_memories; m->size; m++) {
        if (sp - m->address < m->size) {
            uint64_t left = m->size - (sp - m->address);

            *host = m->host + (sp - m->address);
            return left < STACK ? left : STACK;
        }
    }
    return 0;
}

/* Within an access: keep how things are. */
void xipsim_mark(void)
{
    const uint8_t *stack;

    mark.time = -1;
    if (!xipsim_core_state || !(mark.stack_bytes = find_stack(&stack))) {
        return;
    }
    mark.time = xipsim_clock(CLOCK_VIRTUAL);
    mark.disturbed = xipsim_disturbed;
    memcpy(mark.core, xipsim_core_state, xipsim_core_bytes);
    memcpy(mark.stack, stack, mark.stack_bytes);
    for (int i = 0; xipsim_pages[i]; i++) {
        memcpy(mark.pages[i], xipsim_pages[i], PAGE);
    }
}

/* For Python: the same. */
void xipsim_mark_now(void *unused)
{
    (void)unused;
    xipsim_mark();
}

/* Nothing is marked any more. */
void xipsim_unmark(void *unused)
{
    (void)unused;
    mark.time = -1;
}

/* Since when all is as it was marked, within another access of the same instruction; -1: it is not. */
int64_t xipsim_unchanged_since(int unused)
{
    const uint8_t *stack;

    (void)unused;
    if (mark.time < 0 || mark.disturbed != xipsim_disturbed ||
        memcmp(mark.core, xipsim_core_state, xipsim_core_bytes) ||
        find_stack(&stack) != mark.stack_bytes || memcmp(mark.stack, stack, mark.stack_bytes)) {
        return -1;
    }
    for (int i = 0; xipsim_pages[i]; i++) {
        if (memcmp(mark.pages[i], xipsim_pages[i], PAGE)) {
            return -1;
        }
    }
    return mark.time;
}
