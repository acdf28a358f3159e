/*
 * Accesses of the core to the registers of Python models.
 *
 * A whole 32-bit register goes straight to what the model calls for it, and one that only holds a
 * value to the dictionary of the model's values: what stands behind an offset, Python says once, at
 * the first access (see `Words` in peripherals/core/access.py). All else goes to the two functions
 * that take any access. What such a register was seen to hold needs neither Python nor its lock, as
 * long as the dictionary has not changed since.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include <stdlib.h>

#include "passages.h"
#include "translation.h"

#define WORD 4

/* A whole register. Reader and writer: what is called; `values` if it only holds a value; or None:
 * it is none, and takes the long way. Where there is a gate, a write is only stored while the value
 * stored there has none of the bits of `closed`. */
struct word {
    object *offset, *reader, *writer, *gate;
    uint64_t closed;
    int neutral;
    uint64_t value, seen; /* what was stored when `seen` was `change` of the registers; 0: never */
};

struct registers {
    uint64_t size;
    object *read, *write; /* (None, offset, size), (None, offset, value, size): any access */
    object *values;       /* stored values by offset, a dictionary; the rest is not used without */
    object *find;         /* (offset): whether it is neutral, reader, writer, gate and bits or None */
    object *asked;        /* a list whose one element is None after an access that is not neutral */
    object *failed;       /* (error, offset, value or None): a reader or writer has raised */
    struct word **words;  /* by offset / WORD: those that were accessed */
    uint64_t version;     /* of `values` when it was looked at last */
    uint64_t change;      /* how often that was another one, apart from what was stored here */
};

/*
 * Where a dictionary keeps a number that every change to it changes, from its beginning. Set from
 * Python; 0 where this Python has no such number: then nothing is known without the lock.
 */
uint32_t xipsim_version;

static uint64_t version(struct registers *r)
{
    return *(volatile uint64_t *)((char *)r->values + xipsim_version);
}

/* Let what was seen be known no more, if the dictionary has changed. */
static void look_for_changes(struct registers *r)
{
    if (r->version != version(r)) {
        r->version = version(r);
        r->change++;
    }
}

/* Let it be known what a register holds, where `look_for_changes` came before. */
static void see(struct registers *r, struct word *word, uint64_t value)
{
    word->value = value;
    word->seen = xipsim_version ? r->change : 0;
}

static struct word *ask_for_word(struct registers *r, uint64_t offset)
{
    struct word *word = malloc(sizeof *word);
    object *number = py.number(offset);
    object *found = py.call(r->find, &number, 1, NULL);
    object *gate;

    if (!word || !found) {
        py.complain(r->find);
        abort();
    }
    word->offset = number;
    word->neutral = py.is_true(py.tuple_item(found, 0));
    word->reader = py.tuple_item(found, 1);
    word->writer = py.tuple_item(found, 2);
    py.hold(word->reader);
    py.hold(word->writer);
    gate = py.tuple_item(found, 3);
    word->gate = NULL;
    word->seen = 0;
    if (gate != py.none) {
        word->gate = py.tuple_item(gate, 0);
        word->closed = py.value(py.tuple_item(gate, 1));
        py.hold(word->gate);
    }
    py.drop(found);
    return word;
}

/* Where the word that begins there is kept, once it was accessed; NULL if that is no whole register. */
static struct word **place_of_word(struct registers *r, uint64_t offset, unsigned size)
{
    if (!r->words || size != WORD || offset % WORD || offset >= r->size) {
        return NULL;
    }
    return &r->words[offset / WORD];
}

/* NULL if that is no whole register. */
static struct word *find_word(struct registers *r, uint64_t offset, unsigned size)
{
    struct word **place;

    if (!r->words && r->values != py.none && !(r->words = calloc(r->size / WORD, sizeof *place))) {
        abort();
    }
    place = place_of_word(r, offset, size);
    if (place && !*place) {
        *place = ask_for_word(r, offset);
    }
    return place ? *place : NULL;
}

static int is_only_stored(struct registers *r, struct word *word)
{
    return word->writer == r->values ||
           (word->gate && !(py.value(py.item(r->values, word->gate)) & word->closed));
}

/* Whether this access ends the run of a question. */
static int ends_run(struct registers *r, struct word *word)
{
    return !word->neutral && py.list_item(r->asked, 0) != py.none;
}

static void begin(struct registers *r, struct word *word)
{
    if (ends_run(r, word)) {
        py.hold(py.none);
        py.set_list_item(r->asked, 0, py.none);
    }
}

static void tell_failure(struct registers *r, struct word *word, object *value)
{
    object *kind, *error, *trace;

    py.fetch(&kind, &error, &trace);
    py.normalize(&kind, &error, &trace);
    if (trace) {
        py.set_traceback(error, trace);
        py.drop(trace);
    }
    do_call(r->failed, (object *[]){ error, word->offset, value }, 3);
    py.drop(kind);
    py.drop(error);
}

static uint64_t read_long(struct registers *r, uint64_t offset, unsigned size)
{
    object *arguments[] = { py.none, py.number(offset), py.number(size) };
    object *result = py.call(r->read, arguments, 3, NULL);
    uint64_t value = 0;

    if (!result) {
        py.complain(r->read);
    } else {
        value = py.value(result);
        py.drop(result);
    }
    py.drop(arguments[1]);
    py.drop(arguments[2]);
    return value;
}

static void write_long(struct registers *r, uint64_t offset, object *value, unsigned size)
{
    object *arguments[] = { py.none, py.number(offset), value, py.number(size) };

    do_call(r->write, arguments, 4);
    py.drop(arguments[1]);
    py.drop(arguments[3]);
}

static uint64_t read_register(struct registers *r, uint64_t offset, unsigned size)
{
    struct word *word = find_word(r, offset, size);
    uint64_t value = 0;
    object *result;

    if (!word || word->reader == py.none) {
        return read_long(r, offset, size);
    }
    begin(r, word);
    if (word->reader == r->values) {
        look_for_changes(r);
        value = py.value(py.item(r->values, word->offset));
        see(r, word, value);
        return value;
    }
    result = py.call(word->reader, NULL, 0, NULL);
    if (result) {
        value = py.value(result);
        py.drop(result);
    }
    if (!result || (value == UINT64_MAX && py.occurred())) {
        tell_failure(r, word, py.none);
        value = 0;
    }
    return value;
}

static void store(struct registers *r, struct word *word, uint64_t number, object *value)
{
    look_for_changes(r);
    py.set_item(r->values, word->offset, value);
    r->version = version(r);
    see(r, word, number);
}

static void write_register(struct registers *r, uint64_t offset, uint64_t number, unsigned size)
{
    struct word *word = find_word(r, offset, size);
    object *value = py.number(number), *result;

    if (!word || word->writer == py.none) {
        write_long(r, offset, value, size);
    } else {
        begin(r, word);
        if (is_only_stored(r, word)) {
            store(r, word, number, value);
        } else if ((result = py.call(word->writer, &value, 1, NULL))) {
            py.drop(result);
        } else {
            tell_failure(r, word, value);
        }
    }
    py.drop(value);
}

/*
 * What this register holds, if it only holds a value, that is known, and nobody is to be told of an
 * access. Python's lock is not needed: of Python's objects only places are compared, and the number
 * of a version is read; whoever changes the dictionary now comes after this access.
 */
static const struct word *known(struct registers *r, uint64_t offset, unsigned size)
{
    struct word **place = place_of_word(r, offset, size), *word = place ? *place : NULL;

    if (!word || !word->seen || word->seen != r->change || r->version != version(r) ||
        xipsim_recording || is_in_passage() || may_go_on(r->values) || ends_run(r, word)) {
        return NULL;
    }
    return word;
}

/* These registers are no passage's, and not those that were accessed last; see loops.c. */
static void note(struct registers *r)
{
    static struct registers *last;

    xipsim_disturbed += r != last;
    last = r;
}

/* The functions of a region's MemoryRegionOps; `opaque` is what xipsim_registers_new returned. */

uint64_t xipsim_registers_read(void *opaque, uint64_t offset, unsigned size)
{
    struct registers *r = opaque;
    const struct word *word;
    uint64_t value;
    unsigned int recording;
    int state;

    if (passage_reads(r->values, offset, size, &value)) {
        return value;
    }
    note(r);
    word = known(r, offset, size);
    if (word && word->reader == r->values) {
        return word->value;
    }
    state = enter_python();
    end_passage();
    if (may_go_on(r->values) && go_on(offset, 0, 0)) {
        if (passage_reads(r->values, offset, size, &value)) {
            leave_python(state);
            return value;
        }
        end_passage();
    }
    recording = xipsim_recording;
    value = read_register(r, offset, size);
    if (recording && recording == xipsim_recording) {
        tell_access(r->values, offset, size, 0, value);
    }
    leave_python(state);
    translate_behind(r, offset, 0, value);
    return value;
}

void xipsim_registers_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    struct registers *r = opaque;
    const struct word *word;
    unsigned int recording;
    int state;

    if (passage_writes(r->values, offset, size, value)) {
        return;
    }
    note(r);
    word = known(r, offset, size);
    if (word && word->writer == r->values && word->value == value) {
        return;
    }
    state = enter_python();
    end_passage();
    if (may_go_on(r->values) && go_on(offset, 1, value)) {
        if (passage_writes(r->values, offset, size, value)) {
            leave_python(state);
            return;
        }
        end_passage();
    }
    recording = xipsim_recording;
    write_register(r, offset, value, size);
    if (recording && recording == xipsim_recording) {
        tell_access(r->values, offset, size, 1, value);
    }
    leave_python(state);
    translate_behind(r, offset, 1, 0);
}

/* From now on, accesses need this; for good. values None: no access is short. */
void xipsim_registers_set(void *opaque, object *read, object *write, object *values,
                          object *find, object *asked, object *failed)
{
    struct registers *r = opaque;
    object *const held[] = { read, write, values, find, asked, failed };

    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        py.hold(held[i]);
    }
    *r = (struct registers){
        .size = r->size, .read = read, .write = write, .values = values, .find = find,
        .asked = asked, .failed = failed
    };
}

/* What a region's accesses need, of which nothing is set yet. */
void *xipsim_registers_new(uint64_t size)
{
    struct registers *r = calloc(1, sizeof *r);

    find_python();
    if (!r) {
        abort();
    }
    r->size = size;
    return r;
}
