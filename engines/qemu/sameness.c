/*
 * Which of Python's objects refer to other ones than they did, as their types tell Python's garbage
 * collector. What they refer to is not touched: hardly anything of it is in a processor's cache.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include <stddef.h>
#include <stdint.h>

#include "python_api.h"

/* Instead of how many it refers to: of a dictionary that is known by the number of its changes. */
#define VERSIONED UINT32_MAX

#define AHEAD 16
#define BEFORE 32 /* bytes that Python may keep before an object of its own */

/* Of a Python object: its type, behind the number of references. */
#define TYPE(one) (((object *const *)(one))[1])
#define TRAVERSE 71 /* Py_tp_traverse */

/* As in registers.c; 0: this Python has no such number, and any may have changed. */
extern uint32_t xipsim_version;

typedef int (*visitor)(object *, void *);
typedef int (*traverser)(object *, visitor, void *);

struct expected {
    object *const *next;
    uint32_t left;
};

static int is_other(object *one, void *state)
{
    struct expected *expected = state;

    if (!expected->left || *expected->next != one) {
        return 1;
    }
    expected->left--;
    expected->next++;
    return 0;
}

/*
 * Begin to fetch an object that will be looked at soon. Where it keeps its values or items is not
 * looked for: without, a comparison takes two thirds of the time.
 */
static void fetch(const object *one)
{
    __builtin_prefetch(one);
    __builtin_prefetch((const char *)one - BEFORE);
}

static int is_changed(object *one, uint32_t count, object *const *held)
{
    struct expected expected = { held, count };
    traverser traverse = py.slot(TYPE(one), TRAVERSE);

    return (traverse && traverse(one, is_other, &expected)) || expected.left;
}

/*
 * Put the numbers of those of objects [first, end) that refer to others than `held`, `counts` each,
 * into `changed`, and those of dictionaries whose number is not what is held; how many.
 */
uint32_t xipsim_find_changed(object *const *objects, const uint32_t *counts, object *const *held,
                             uint32_t first, uint32_t end, uint32_t *changed)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < end - first; i++) {
        if (i + AHEAD < end - first) {
            fetch(objects[i + AHEAD]);
        }
        if (counts[i] == VERSIONED) {
            uint64_t now = *(const uint64_t *)((const char *)objects[i] + xipsim_version);

            if (now != (uintptr_t)*held++ || !xipsim_version) {
                changed[found++] = first + i;
            }
            continue;
        }
        if (is_changed(objects[i], counts[i], held)) {
            changed[found++] = first + i;
        }
        held += counts[i];
    }
    return found;
}
