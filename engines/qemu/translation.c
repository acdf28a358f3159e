/*
 * Code that makes one access after the other is translated by the instruction.
 *
 * QEMU, where it counts instructions, lets only the last one of a translated block reach a device, if
 * any: for an access elsewhere it looks up where in the block that is, leaves, and executes the
 * instruction as a block of its own, which takes it as long as more than a hundred instructions. So
 * each instruction is translated as a block while a passage is played, and, in a machine that has
 * played none, where the next access has come soon the last times: to switch between passages, too,
 * costs more than it saves. Where a passage goes on only after the core has done much else, as a file
 * system does between two pages, that is translated by the block. No answer and no time depends on it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include "translation.h"

#define NEAR 64    /* instructions from one access to the next */
#define ENOUGH 32  /* times in turn that the next one was near */
#define SERIES 8   /* the same in a series */
#define FOREIGN 16 /* instructions translated anew: this is other code than the last times */
#define PLACES 1024
#define GOLDEN 0x9E3779B97F4A7C15u /* spreads what differs in a few bits */

/*
 * A part of the number of the core's cluster, of which there is but one: QEMU only compares it. A
 * block goes on to the one that followed it first, so those of passages, which end elsewhere, are
 * kept apart from others.
 */
#define APART (1u << 24)
#define PAUSED (1u << 25) /* likewise, for blocks that lead to what a passage goes on with */

/* All set from Python. */
int64_t (*xipsim_executed)(void); /* how many instructions */
uint32_t *xipsim_translation;     /* the flags of the core's translation; NULL: these are not known */
uint32_t xipsim_by_instruction;   /* what is added to them */

/* What was accessed, and how often in turn the next access was near. */
static struct place {
    uint64_t what;
    unsigned int near;
} places[PLACES];

static enum { ELSEWHERE, WITHIN, PAUSE } passage;
static int has_played, is_expected, foreign;

static void translate(void)
{
    uint32_t flags;

    if (!xipsim_translation) {
        return;
    }
    flags = (*xipsim_translation | APART | PAUSED) & ~xipsim_by_instruction;
    if (passage == WITHIN) {
        flags |= xipsim_by_instruction;
    } else if (passage == PAUSE) {
        flags &= ~PAUSED;
    } else if (is_expected) {
        flags = (flags | xipsim_by_instruction) & ~APART;
    }
    *xipsim_translation = flags;
}

static void be(int where)
{
    if (where != passage) {
        passage = where;
        is_expected = 0;
        translate();
    }
}

void translate_passage(int on)
{
    has_played |= on;
    be(on ? WITHIN : ELSEWHERE);
}

void translate_pause(void)
{
    be(PAUSE);
}

void translate_other(void)
{
    is_expected = 0;
    translate();
}

void translate_more(void)
{
    if (is_expected && ++foreign > FOREIGN) {
        translate_other();
    }
}

void translate_behind(const void *registers, uint64_t offset, int is_write, uint64_t value)
{
    static struct place *last;
    static int64_t then; /* in instructions */
    uint64_t what = ((uintptr_t)registers ^ offset << 1 ^ (unsigned)is_write) + value * GOLDEN;
    struct place *place = &places[what * GOLDEN >> 54];
    int64_t now;

    if (!xipsim_translation) {
        return;
    }
    if (has_played) {
        if (is_expected) {
            translate_other();
        }
        return;
    }
    now = xipsim_executed();
    if (last) {
        last->near = now - then > NEAR ? 0 : last->near + 1;
    }
    if (place->what != what) {
        *place = (struct place){ what, 0 };
    }
    last = place;
    then = now;
    foreign = 0;
    is_expected = place->near >= ENOUGH;
    translate();
}

void translate_series(void)
{
    static int64_t then; /* in instructions */
    static unsigned int near;
    int64_t now;

    if (!xipsim_translation || passage != ELSEWHERE) {
        return;
    }
    now = xipsim_executed();
    near = now - then > NEAR ? 0 : near + 1;
    then = now;
    if (near == SERIES) {
        foreign = 0;
        is_expected = 1;
        translate();
    }
}
