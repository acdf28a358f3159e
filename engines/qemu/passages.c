/*
 * Passages: accesses to registers that are answered as they were answered before, without a model.
 *
 * What the firmware does in a passage, and what it is answered, Python knows (see guest/passages.py).
 * Each access is compared with the next step of it; the first one that is no such step ends the
 * passage, as does a timer, and then Python brings the model to where it would be.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include "passages.h"
#include "translation.h"

#define WORD 4

struct step {
    uint32_t is_write, offset;
    uint32_t value;       /* as recorded */
    uint32_t least, most; /* that may be written */
    uint32_t alike;       /* bits in which that is the recorded value */
    uint32_t given;       /* whether it has to be that value where all begins anew behind the end */
    uint32_t took;        /* ns that the access lasts */
    uint32_t line, disarms; /* how the line is driven, see below; whether the timer is stopped */
    uint32_t late;        /* how often it is still expected to come late, see LATE */
    uint32_t is_watched;  /* whether the time behind it is looked at, to know that */
    int64_t since;        /* ns from the passage's begin to this access, negative: that does not matter */
    int64_t rested;       /* it begins anew with this access, so many ns later at least; or NEVER */
    int64_t arms;         /* ns from its begin for which the timer is set, negative: it is not */
    void *sets;           /* a timer that is set, too; or NULL */
    int64_t for_ns;       /* from its begin */
    uint8_t *hides;       /* whether a window serves from its copy, which it does no more; or NULL */
};

#define NEVER INT64_MAX
#define LATE 1500    /* ns behind the access before: until then the core does much else */
#define REMEMBERED 4 /* times that what came late is expected to come late again: a file system
                      * writes so many pages in a row */

struct script {
    object *values; /* of the model's registers, which tells it from others */
    uint64_t length;
    uint64_t offset, value; /* of the write behind it that may begin it again */
    int64_t due;            /* ns behind that for which it sets the timer, negative: it does not */
    uint64_t driven;        /* how it drives the line */
    int64_t rested; /* ns from the passage's begin to that write, at least; negative: any */
    struct script *next;    /* that it begins instead; or NULL */
    uint32_t late;          /* as of a step: that write, or what comes instead */
    struct line *line;
    void *timer;
    struct step steps[];
};

enum { IS_LEFT, IS_LOW, IS_HIGH }; /* the line */

/* All set from Python. */
int64_t (*xipsim_clock)(int clock);
void (*xipsim_arm)(void *timer, int64_t time);
void (*xipsim_disarm)(void *timer);
void *xipsim_cpu;
object *xipsim_passage_ended; /* (): the passage is over */
object *xipsim_passage_goes_on; /* (offset, is_write, value): see go_on */
object *xipsim_broken;
object *xipsim_accessed;      /* (values or None, offset, size, is_write, value): while recording */
unsigned int xipsim_recording; /* 0, or which recording that is */

/*
 * The passage under way: how many steps were made, when it began, and what was written in each; of
 * one that has led up to it, before that; last, what registers held when it began, which Python
 * knows. And where the core was when it has set another timer.
 */
static struct script *script;
static uint64_t made;
static int64_t began;
uint32_t xipsim_written[2 * MOST_STEPS + MOST_HELD], xipsim_pc;
static uint32_t *written;

/*
 * How often it may still begin again behind its end, which is set from Python, which is called at
 * once when it has begun for the last time; how often it has begun, there or with a step, and when.
 */
uint32_t xipsim_rounds, xipsim_begun;
int64_t xipsim_starts[MOST_STARTS];

/* When the last step was over, if nothing came late since that was looked at, behind so many. */
static int64_t over;
static uint64_t looked;

/* How often what is expected next is still expected to come late. */
static uint32_t *late(void)
{
    return made < script->length ? &script->steps[made].late : &script->late;
}

/* What was expected has come. */
static void came(int64_t now)
{
    int is_late = now - over > LATE;
    uint32_t *left = late();

    if (looked == made) {
        *left = is_late ? REMEMBERED : *left - (*left > 0);
    } else if (is_late) {
        while (looked < made) {
            script->steps[looked++].is_watched = 1;
        }
    }
}

/* The last step was over `now`. What the core does until a late one comes is no part of the passage. */
static void expect(int64_t now)
{
    over = now;
    looked = made;
    if (*late()) {
        translate_pause();
    } else {
        translate_passage(1);
    }
}

/* From now on, expect the steps of `expected`; they began `now`. */
void xipsim_play(void *expected, int64_t now)
{
    script = expected;
    made = 0;
    began = now;
    written = xipsim_written;
    xipsim_rounds = xipsim_begun = 0;
    expect(now);
}

/* No step is expected any more; returns how many were made. */
int64_t xipsim_stop(int unused)
{
    (void)unused;
    if (script) {
        came(xipsim_clock(CLOCK_VIRTUAL));
        script = NULL;
    }
    translate_passage(0);
    return (int64_t)made;
}

static const struct step *next_step(object *values, uint64_t offset, unsigned size)
{
    const struct step *step = &script->steps[made];

    if (script->values != values || made == script->length || size != WORD ||
        step->offset != offset) {
        return NULL;
    }
    return step;
}

static void drive(uint64_t how)
{
    if (how != IS_LEFT) {
        xipsim_drive(script->line, how == IS_HIGH);
    }
}

/* Let the step be made, unless it comes at another time, or something else happens during it. */
static int make(const struct step *step)
{
    int is_timed = step->since >= 0 || step->rested != NEVER || step->is_watched;
    int64_t now = is_timed ? xipsim_clock(CLOCK_VIRTUAL) : 0;

    if (step->since >= 0 && now - began != step->since) {
        return 0;
    }
    if (step->rested != NEVER && now - began < step->rested) {
        return 0;
    }
    if (step->took && !xipsim_skip(xipsim_cpu, (int)step->took)) {
        return 0;
    }
    if (step->rested != NEVER) {
        began = xipsim_starts[xipsim_begun++] = now;
    }
    if (is_timed) {
        came(now);
        made++;
        expect(now + step->took);
    } else {
        made++;
        over += step->took;
    }
    drive(step->line);
    if (step->disarms) {
        xipsim_disarm(script->timer);
    } else if (step->arms >= 0) {
        xipsim_arm(script->timer, began + step->arms);
    }
    if (step->sets) {
        xipsim_arm(step->sets, began + step->for_ns);
        xipsim_pc = xipsim_register(xipsim_cpu, PC);
    }
    if (step->hides) {
        *step->hides = 0;
        xipsim_forget_pages(xipsim_cpu);
    }
    return 1;
}

int passage_reads(object *values, uint64_t offset, unsigned size, uint64_t *value)
{
    const struct step *step = script ? next_step(values, offset, size) : NULL;

    if (!step || step->is_write || !make(step)) {
        return 0;
    }
    *value = step->value;
    return 1;
}

/* Whether what a write behind the end depends on was written as it was when this was recorded. */
static int is_as_recorded(void)
{
    for (uint64_t i = 0; i < script->length; i++) {
        const struct step *step = &script->steps[i];

        if (step->given && written[i] != step->value) {
            return 0;
        }
    }
    return 1;
}

/* Let the passage begin again, or the one that follows, if that is what this write behind its end
 * does. */
static int begin_again(object *values, uint64_t offset, unsigned size, uint64_t value)
{
    const struct script *ended = script;
    int64_t now;

    if (made != script->length || !xipsim_rounds || script->values != values ||
        script->offset != offset || script->value != value || size != WORD || !is_as_recorded() ||
        xipsim_nearest(CLOCK_VIRTUAL) == 0) {
        return 0;
    }
    now = xipsim_clock(CLOCK_VIRTUAL);
    if (now - began < script->rested) {
        return 0;
    }
    came(now);
    began = xipsim_starts[xipsim_begun++] = now;
    made = 0;
    if (script->next) {
        written += script->length;
        script = script->next;
    }
    expect(now);
    if (--xipsim_rounds == 1) {
        xipsim_mark(); /* Python may want to know whether the last one is like this */
    }
    drive(ended->driven);
    if (!xipsim_rounds) {
        int state = py.ensure();

        end_passage();
        py.release(state);
    } else if (ended->due >= 0) {
        xipsim_arm(ended->timer, began + ended->due);
    }
    return 1;
}

int passage_writes(object *values, uint64_t offset, unsigned size, uint64_t value)
{
    const struct step *step;

    if (!script) {
        return 0;
    }
    if (begin_again(values, offset, size, value)) {
        return 1;
    }
    step = next_step(values, offset, size);
    if (!step || !step->is_write || value < step->least || value > step->most ||
        (value ^ step->value) & step->alike) {
        return 0;
    }
    written[made] = (uint32_t)value;
    return make(step);
}

int is_in_passage(void)
{
    return script != NULL;
}

void end_passage(void)
{
    if (script) {
        do_call(xipsim_passage_ended, NULL, 0);
    }
}

int go_on(uint64_t offset, int is_write, uint64_t value)
{
    object *arguments[3];

    if (python_depth > 1) { /* not the core's access */
        return 0;
    }
    xipsim_broken = NULL;
    arguments[0] = py.number(offset);
    arguments[1] = py.number(is_write);
    arguments[2] = py.number(value);
    do_call(xipsim_passage_goes_on, arguments, 3);
    for (int i = 0; i < 3; i++) {
        py.drop(arguments[i]);
    }
    return is_in_passage();
}

void tell_access(object *values, uint64_t offset, unsigned size, int is_write, uint64_t value)
{
    object *arguments[] = {
        values, py.number(offset), py.number(size), py.number(is_write), py.number(value)
    };

    do_call(xipsim_accessed, arguments, 5);
    for (int i = 1; i < 5; i++) {
        py.drop(arguments[i]);
    }
}
