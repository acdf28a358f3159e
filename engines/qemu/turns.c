/*
 * Turns of a waiting loop behind alarms that the core does not take: made while it stands still, by
 * the rules of guest/turns.py, which is told of them when something else comes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include <stdbool.h>

#include "passages.h"

#define MOST_TURNS 256 /* as in turns.py */

/* All set from Python. */
void *xipsim_nvic;
bool (*xipsim_can_take)(void *nvic);
void *xipsim_stall_timer;
object *xipsim_stall_over; /* what is called when that fires */
object *xipsim_turns_made; /* (): turns were made, and something else comes */

/*
 * The stall under way, set from Python: when it ends; ns from there to the loop's next question;
 * until when that has the same answer, 0 where no turn shall be made; and up to where alarms count.
 */
struct {
    int64_t end, lag, until, sight;
} xipsim_stall;

/* When each turn has asked, and when the first alarm behind that comes. */
int64_t xipsim_turns[MOST_TURNS], xipsim_turns_due[MOST_TURNS];
static int64_t made;

/* None is made any more; returns how many were. */
int64_t xipsim_turns_stop(int unused)
{
    int64_t turns = made;

    (void)unused;
    xipsim_stall.until = made = 0;
    return turns;
}

/* The stall is over: whether the loop stalls again, behind a turn. */
static int go_round(void)
{
    int64_t asked = xipsim_stall.end + xipsim_stall.lag, nearest, due;

    if (asked >= xipsim_stall.until || made == MOST_TURNS || xipsim_can_take(xipsim_nvic)) {
        return 0;
    }
    nearest = xipsim_nearest(CLOCK_VIRTUAL);
    if (nearest >= 0 && nearest <= xipsim_stall.lag) {
        return 0;
    }
    nearest = nearest_of_guest(xipsim_stall.sight - xipsim_stall.end);
    if (nearest < 0 || !xipsim_skip(xipsim_cpu, (int)xipsim_stall.lag)) {
        return 0;
    }
    due = xipsim_stall.end + nearest;
    xipsim_turns[made] = asked;
    xipsim_turns_due[made++] = due;
    xipsim_stall.end = due < xipsim_stall.until ? due : xipsim_stall.until;
    xipsim_arm(xipsim_stall_timer, xipsim_stall.end);
    xipsim_disturbed++;
    xipsim_move_on(xipsim_cpu);
    return 1;
}

int make_turn(object *callable)
{
    int64_t late = *xipsim_patient;
    int goes_round;

    if (callable != xipsim_stall_over || !xipsim_stall.until) {
        return 0;
    }
    if (late < 0 || xipsim_register(xipsim_cpu, XPSR) & EXCEPTION) {
        return go_round();
    }
    /* It looks at what the core does, which is nothing. */
    xipsim_disarm(xipsim_patient);
    goes_round = go_round();
    xipsim_arm(xipsim_patient, goes_round && late < xipsim_stall.end ? xipsim_stall.end : late);
    return goes_round;
}

void end_turns(void)
{
    if (made) {
        do_call(xipsim_turns_made, NULL, 0);
    }
}
