/*
 * Maintenance of caches, of which QEMU has none: a write to one of its registers does nothing, and ends
 * here. A driver whose buffer is 4 KB writes the addresses of 128 lines, and behind each write QEMU
 * finds out anew in which state the core is.
 *
 * Arm's own functions do that in a loop of three instructions, on a core that has loops. All of its
 * turns up to the last one, or to the next timer, are made here at once: they change the address, how
 * many turns are left, and the time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include <string.h>

#include "passages.h"
#include "privates.h"
#include "translation.h"

#define LR 14

/* Offsets of the first and the last register of cache maintenance. (Armv8-M manual D1.2) */
#define SYSTEM 0xE000E000u
#define ICIALLU 0xF50
#define BPIALL 0xF78

#define LINE 32        /* bytes */
#define LOW 8          /* registers of short instructions */
#define TURN 3         /* instructions */
#define CODE 5         /* halfwords of that */
#define MOST_TURNS 4096 /* more lines than a cache has */

int is_maintenance(uint64_t offset, unsigned int size)
{
    return offset >= ICIALLU && offset <= BPIALL && size == WORD;
}

/* Where the core's next instructions lie, CODE halfwords of them; NULL where that is no memory. */
static const uint8_t *find_code(uint32_t pc)
{
    for (const struct memory *m = xipsim_memories; m->size; m++) {
        if (pc - m->address < m->size) {
            return m->size - (pc - m->address) >= CODE * 2 ? m->host + (pc - m->address) : NULL;
        }
    }
    return NULL;
}

/*
 * The register that holds the address of the line, where the access under way is the first instruction
 * of `loop: str.w line, [base, #offset]; adds line, #32; le lr, loop`; else LOW. (Armv8-M manual C2.4)
 */
static unsigned int find_line(const uint32_t *core, uint64_t offset, uint32_t address)
{
    const uint8_t *place = find_code(core[PC]);
    unsigned int line, base;
    uint16_t code[CODE];

    if (!place) {
        return LOW;
    }
    memcpy(code, place, sizeof code);
    line = code[1] >> 12;
    base = code[0] & 0xF;
    if ((code[0] & 0xFFF0) != 0xF8C0 || code[2] != (0x3000 | line << 8 | LINE) ||
        code[3] != 0xF00F || code[4] != 0xC805 || line >= LOW || base >= LR || base == line ||
        core[line] != address || core[base] + (code[1] & 0xFFF) != SYSTEM + offset) {
        return LOW;
    }
    return line;
}

/* All set from Python. */
int64_t (*xipsim_to_ns)(int64_t instructions);
object *xipsim_find_core; /* (): tells all that is needed for that; NULL: it shall not be done */

static int knows_core(void)
{
    static int is_known;
    object *find = xipsim_find_core;

    if (find) {
        int state = py.ensure();

        xipsim_find_core = NULL;
        is_known = 1;
        do_call(find, NULL, 0);
        py.release(state);
    }
    return is_known && xipsim_core_state;
}

/*
 * Within the write of a line's address: make turns of its loop. The core has made the one before: so its
 * flags are those of all, as no sum overflows or changes its sign.
 */
static void go_round(uint64_t offset, uint32_t address)
{
    static uint32_t last;
    static int64_t then, executed; /* executed: in instructions */
    int64_t now = xipsim_clock(CLOCK_VIRTUAL), count = xipsim_executed(), one = now - then;
    int comes_round = address - last == LINE && count - executed == TURN && one == xipsim_to_ns(TURN);
    uint32_t *core, turns, end;
    unsigned int line;
    int64_t nearest;

    last = address;
    then = now;
    executed = count;
    if (!comes_round || is_in_passage() || !knows_core()) {
        return;
    }
    core = (uint32_t *)xipsim_core_state;
    line = find_line(core, offset, address);
    if (line == LOW || core[LR] < 2) {
        return;
    }
    turns = core[LR] - 1;
    nearest = xipsim_nearest(CLOCK_VIRTUAL);
    if (nearest >= 0 && nearest / one < turns) {
        turns = (uint32_t)(nearest / one);
    }
    if (!turns || turns > MOST_TURNS) {
        return;
    }
    end = address + turns * LINE;
    if (address < LINE || end < address || (end ^ address) >> 31 ||
        !xipsim_skip(xipsim_cpu, (int)(turns * one))) {
        return;
    }
    core[line] = end;
    core[LR] -= turns;
}

uint32_t maintain(const struct private *nvic, uint64_t offset, uint64_t data, uint64_t attributes)
{
    static uint64_t allowed; /* attributes of an access that was no fault */
    static int is_known;
    uint32_t fault;

    translate_series();
    if (is_known && allowed == attributes) {
        go_round(offset, (uint32_t)data);
        return 0;
    }
    fault = nvic->write(nvic->opaque, offset, data, WORD, attributes);
    if (!fault) {
        allowed = attributes;
        is_known = 1;
    }
    return fault;
}
