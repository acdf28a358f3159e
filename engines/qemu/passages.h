/* SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process) */
#ifndef XIPSIM_PASSAGES_H
#define XIPSIM_PASSAGES_H

#include "python_api.h"

#define MOST_STEPS 256 /* as in recorder.py */
#define MOST_STARTS 16
#define MOST_HELD 1

#define CLOCK_VIRTUAL 1

extern unsigned int xipsim_recording;
extern int64_t (*xipsim_clock)(int clock);
extern void (*xipsim_arm)(void *timer, int64_t time);
extern void (*xipsim_disarm)(void *timer);

/* Let the core, before its next instruction, look up again what lies where. */
void xipsim_forget_pages(void *cpu);

/* Whether the passage under way answers this access. No lock of Python is needed. */
OWN int passage_reads(object *values, uint64_t offset, unsigned size, uint64_t *value);
OWN int passage_writes(object *values, uint64_t offset, unsigned size, uint64_t value);

/* Whether one is under way, which the next thing that is no step of it ends. */
OWN int is_in_passage(void);

/* Whatever comes now is not part of the passage under way, if there is one. */
OWN void end_passage(void);

/* Registers' values, of a passage that has ended early: it may go on as another one with the next
 * access to them. NULL: of none. */
extern object *xipsim_broken;

static inline int may_go_on(const object *values)
{
    return values == xipsim_broken;
}

/* Whether one does with this access, where it may. Python's lock is needed for that. */
OWN int go_on(uint64_t offset, int is_write, uint64_t value);

/* For who records: the firmware has made an access, of which that was the value. */
OWN void tell_access(object *values, uint64_t offset, unsigned size, int is_write, uint64_t value);

/* See loops.c. The core, from r0 on, NULL until that is known. */
extern uint8_t *xipsim_core_state;
extern unsigned int xipsim_disturbed;

/* Where memory answers, and where it lies in this process; up to one of no size. */
struct memory {
    uint64_t address, size;
    uint8_t *host;
};
extern struct memory xipsim_memories[];
void xipsim_mark(void);

/* See nvic.c. Drive an input of the NVIC. */
struct line;
void xipsim_drive(struct line *line, int level);

/* Around what QEMU does where an exception comes, is taken, or is over: it is told of those up to the last
 * one that is pending or taken, this one, and those that are no interrupts. */
OWN void narrow_exceptions(uint32_t exception);
OWN void widen_exceptions(void);

/* See shim.c. Numbers of registers; the second one says which exception is handled, and how. */
#define PC 15
#define XPSR 25
#define EXCEPTION 0x1FF

uint32_t xipsim_register(void *cpu, int number);

/* See calls.c. */
extern void *xipsim_cpu;
extern int64_t *xipsim_patient;
void xipsim_move_on(void *cpu);
uint32_t xipsim_skip(void *cpu, int span);
int64_t xipsim_nearest(int clock);

/* ns until the first alarm that the guest may notice, at most `most`; negative: C cannot tell. */
OWN int64_t nearest_of_guest(int64_t most);

/* See turns.c. Whether what would be called, as a stall is over, need not be: the loop stalls again. */
OWN int make_turn(object *callable);

/* Something else comes: turns that were made are told. */
OWN void end_turns(void);

#endif
