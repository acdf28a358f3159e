/*
 * Calls between QEMU and Python that come by the thousand: timers by QEMU; the clock, timers,
 * interrupts and the core's registers by Python, which ctypes serves in five times the time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "passages.h"

/*
 * Virtual time. All set from Python: QEMU's functions, and where QEMU keeps what it
 * adds to the time of the instructions executed.
 */
int64_t (*xipsim_deadline)(int clock, int attributes);
void (*xipsim_exit)(void *cpu);
int64_t *xipsim_offset;

/* Let it be `span` ns later. */
static void pass_over(void *cpu, int64_t span)
{
    *xipsim_offset += span;
    /* The core was given instructions up to the next timer, which is nearer now. */
    xipsim_exit(cpu);
}

/*
 * Work for the core, which it does between two instructions. All set from Python: QEMU's functions,
 * and what is called, without arguments, where the core executes WFE or WFI.
 */
void (*xipsim_queue)(void *cpu, void (*work)(void *, uint64_t), uint64_t data);
void (*xipsim_warp)(void *, uint64_t);
void *xipsim_core;
object *xipsim_on_wfe, *xipsim_on_wfi;

static void call(object *callable)
{
    int state = enter_python();

    xipsim_disturbed++;
    end_passage();
    end_turns();
    do_call(callable, NULL, 0);
    leave_python(state);
}

bool (*xipsim_is_idle)(void); /* set from Python */

/* Of a timer: `callable` is called without arguments. */
void xipsim_call(object *callable)
{
    if (xipsim_is_idle()) {
        /* Else QEMU would let time go on with each timer that is set now, up to that. */
        xipsim_move_on(xipsim_cpu);
    }
    if (!make_turn(callable)) {
        call(callable);
    }
}

static void call_work(void *cpu, uint64_t callable)
{
    (void)cpu;
    call((object *)(uintptr_t)callable);
}

/* See `Naps` in guest/clock.py. */
struct {
    int64_t slept_until;
    uint8_t event;
} xipsim_naps;

/* Timers of the engine's own, set from Python, which the guest cannot notice. */
static const int64_t **hidden; /* where each keeps the time at which it fires, negative while off */
static size_t n_hidden;

/* One more, that a nap or a stall in thread mode may make late. */
static int64_t off = -1;
int64_t *xipsim_patient = &off;

void xipsim_hide(const int64_t *timer)
{
    if (!(hidden = realloc(hidden, (n_hidden + 1) * sizeof *hidden))) {
        abort();
    }
    hidden[n_hidden++] = timer;
}

/* Whether the patient one is the timer that fires `span` ns from now, or comes before; negative: none
 * fires. */
static int is_patient_first(int64_t now, int64_t span)
{
    return span >= 0 && *xipsim_patient >= 0 && *xipsim_patient <= now + span;
}

/* ns until the first timer fires, leaving out the patient one. */
static int64_t nearest_without_patient(void)
{
    int64_t time = *xipsim_patient, span;

    xipsim_disarm(xipsim_patient);
    span = xipsim_nearest(CLOCK_VIRTUAL);
    xipsim_arm(xipsim_patient, time);
    return span;
}

static int is_hidden_before(int64_t end)
{
    for (size_t i = 0; i < n_hidden; i++) {
        if (*hidden[i] >= 0 && *hidden[i] <= end) {
            return 1;
        }
    }
    return 0;
}

int64_t nearest_of_guest(int64_t most)
{
    int64_t now = xipsim_clock(CLOCK_VIRTUAL), span = xipsim_nearest(CLOCK_VIRTUAL);

    if (is_patient_first(now, span)) {
        span = nearest_without_patient();
    }
    if (span < 0 || span > most) {
        span = most;
    }
    return is_hidden_before(now + span) ? -1 : span;
}

/* What Python would do where the core executes WFE, if that is simple; whether it was. */
static int take_nap(void *cpu)
{
    int64_t now, span;

    if (!xipsim_offset || is_in_passage()) {
        return 0;
    }
    if (xipsim_naps.event) {
        xipsim_naps.event = 0;
        return 1;
    }
    now = xipsim_clock(CLOCK_VIRTUAL);
    span = xipsim_nearest(CLOCK_VIRTUAL);
    if (is_patient_first(now, span)) {
        span = xipsim_register(cpu, XPSR) & EXCEPTION ? -1 : nearest_without_patient();
    }
    if (span < 0 || span > INT32_MAX || is_hidden_before(now + span)) {
        return 0;
    }
    pass_over(cpu, span);
    xipsim_naps.slept_until = now + span;
    return 1;
}

static void nap(void *cpu, uint64_t callable)
{
    xipsim_disturbed++;
    if (!take_nap(cpu)) {
        call((object *)(uintptr_t)callable);
    }
}

OWN void fall_asleep(int is_wfi)
{
    object *callable = is_wfi ? xipsim_on_wfi : xipsim_on_wfe;

    if (callable) {
        /* Not at once: QEMU 7.2 ends with "Bad icount read" where the clock is read here. */
        xipsim_queue(xipsim_core, is_wfi ? call_work : nap, (uintptr_t)callable);
    }
}

/* Let QEMU see, in the core's own thread, that the core is idle, and time can go on. */
void xipsim_move_on(void *cpu)
{
    xipsim_queue(cpu, xipsim_warp, 0);
}

extern void (*xipsim_tlb_flush)(void *cpu); /* see shim.c */

static void forget_pages(void *cpu, uint64_t unused)
{
    (void)unused;
    xipsim_tlb_flush(cpu);
}

void xipsim_forget_pages(void *cpu)
{
    xipsim_queue(cpu, forget_pages, 0);
}

struct bound {
    union {
        int64_t (*read)(int);
        void (*act)(void *);
        void (*set)(void *, int);
        void (*move)(void *, int64_t);
        uint32_t (*look)(void *, int);
        int64_t (*pass)(void *, int64_t);
    } function;
    void *first;
};

static object *done(void)
{
    py.hold(py.none);
    return py.none;
}

static object *call_read(object *self, object *unused)
{
    struct bound *b = py.pointer(self);

    (void)unused;
    return py.signed_number(b->function.read((int)(intptr_t)b->first));
}

static object *call_act(object *self, object *unused)
{
    struct bound *b = py.pointer(self);

    (void)unused;
    b->function.act(b->first);
    return done();
}

static object *call_set(object *self, object *level)
{
    struct bound *b = py.pointer(self);
    int is_high = py.is_true(level);

    if (is_high < 0) {
        return NULL;
    }
    b->function.set(b->first, is_high);
    return done();
}

/* Whether it is a number, which is stored; else an exception is set. */
static int take_number(object *number, long long *value)
{
    *value = py.signed_value(number);
    return *value != -1 || !py.occurred();
}

static object *call_move(object *self, object *time)
{
    struct bound *b = py.pointer(self);
    long long value;

    if (!take_number(time, &value)) {
        return NULL;
    }
    b->function.move(b->first, value);
    return done();
}

static object *call_look(object *self, object *number)
{
    struct bound *b = py.pointer(self);
    long long value;

    if (!take_number(number, &value)) {
        return NULL;
    }
    return py.number(b->function.look(b->first, (int)value));
}

static object *call_pass(object *self, object *time)
{
    struct bound *b = py.pointer(self);
    long long value;

    if (!take_number(time, &value)) {
        return NULL;
    }
    return py.signed_number(b->function.pass(b->first, value));
}

/* ns until the first timer fires, negative if there is none. */
int64_t xipsim_nearest(int clock)
{
    return xipsim_deadline(clock, -1);
}

/* Let it be `span` ns later, unless a timer fires before; whether it is. */
uint32_t xipsim_skip(void *cpu, int span)
{
    int64_t deadline = xipsim_nearest(CLOCK_VIRTUAL);

    /* Where it is kept Python finds when it first asks: turns of a snapshot may come before. */
    if (!xipsim_offset || (deadline >= 0 && deadline < span)) {
        return 0;
    }
    pass_over(cpu, span);
    return 1;
}

/*
 * Let it be `time`, when `timer` fires, which is switched off; unless something else comes by then, but
 * for what may be late. Whether it is.
 */
int64_t xipsim_skip_to(void *timer, int64_t time)
{
    int64_t now = xipsim_clock(CLOCK_VIRTUAL), span = time - now, nearest;

    if (!xipsim_offset || span > INT32_MAX || is_hidden_before(time)) {
        return 0;
    }
    nearest = xipsim_nearest(CLOCK_VIRTUAL);
    if (nearest < span && !is_patient_first(now, nearest)) {
        return 0;
    }
    xipsim_disarm(timer);
    nearest = xipsim_nearest(CLOCK_VIRTUAL);
    if (is_patient_first(now, nearest) && !(xipsim_register(xipsim_cpu, XPSR) & EXCEPTION)) {
        nearest = nearest_without_patient();
    }
    if (nearest >= 0 && nearest <= span) {
        xipsim_arm(timer, time);
        return 0;
    }
    xipsim_disturbed++;
    pass_over(xipsim_cpu, span);
    return 1;
}

/* form: one of those of `struct bound`, by its first letter. NULL with an exception set, if ever. */
object *xipsim_bind(char form, void *function, void *first)
{
    static struct method methods[] = {
        { "read", call_read, NO_ARGUMENT, NULL },
        { "act", call_act, NO_ARGUMENT, NULL },
        { "set", call_set, ONE_ARGUMENT, NULL },
        { "move", call_move, ONE_ARGUMENT, NULL },
        { "look", call_look, ONE_ARGUMENT, NULL },
        { "pass", call_pass, ONE_ARGUMENT, NULL },
    };
    struct bound *b = malloc(sizeof *b);
    object *self, *made = NULL;

    find_python();
    if (!b) {
        abort();
    }
    b->function.read = (int64_t (*)(int))function;
    b->first = first;
    self = py.new_pointer(b);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (methods[i].name[0] == form) {
            made = py.new_function(&methods[i], self, NULL);
        }
    }
    py.drop(self);
    return made;
}

/*
 * The time as an attribute of an object: what models ask for most, so no frame of Python is made for
 * it. `reader` is a list whose one element tells the time; where that is what it was when the
 * attribute was made, it is QEMU's clock.
 */
static object *own_reader;

static object *get_time(object *self, void *reader)
{
    object *read = py.list_item(reader, 0), *time;

    (void)self;
    if (read == own_reader) {
        return py.signed_number(xipsim_clock(CLOCK_VIRTUAL));
    }
    py.hold(read);
    time = py.call(read, NULL, 0, NULL);
    py.drop(read);
    return time;
}

/* For that type, and this reader, for good. NULL with an exception set, if ever. */
object *xipsim_time_attribute(object *type, object *reader)
{
    static struct attribute now = { "now", get_time, NULL, NULL, NULL };

    find_python();
    own_reader = py.list_item(reader, 0);
    py.hold(own_reader);
    py.hold(reader);
    now.closure = reader;
    return py.new_attribute(type, &now);
}
