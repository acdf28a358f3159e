/*
 * Python's C interface, as far as the shim uses it: functions that are looked up by name, so that no
 * header of Python is needed and every version serves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#ifndef XIPSIM_PYTHON_API_H
#define XIPSIM_PYTHON_API_H

#include <stddef.h>
#include <stdint.h>

typedef struct python_object object;

struct method { /* PyMethodDef */
    const char *name;
    object *(*function)(object *, object *);
    int flags;
    const char *doc;
};

struct attribute { /* PyGetSetDef */
    const char *name;
    object *(*get)(object *, void *);
    int (*set)(object *, object *, void *);
    const char *doc;
    void *closure;
};

#define NO_ARGUMENT 4 /* METH_NOARGS */
#define ONE_ARGUMENT 8 /* METH_O */

/* Of the shim's own: what it replaces in QEMU is the rest. */
#define OWN __attribute__((visibility("hidden")))

extern OWN struct python {
    int (*ensure)(void);
    void (*release)(int);
    object *(*call)(object *, object *const *, size_t, object *);
    object *(*number)(unsigned long long);
    object *(*signed_number)(long long);
    long long (*signed_value)(object *);
    object *(*new_pointer)(void *);
    void *(*pointer)(object *);
    object *(*new_function)(struct method *, object *, object *);
    object *(*new_attribute)(object *, struct attribute *);
    unsigned long long (*value)(object *);
    object *(*item)(object *, object *);
    int (*set_item)(object *, object *, object *);
    object *(*list_item)(object *, ptrdiff_t);
    int (*set_list_item)(object *, ptrdiff_t, object *);
    object *(*tuple_item)(object *, ptrdiff_t);
    int (*is_true)(object *);
    void *(*slot)(object *, int);
    void (*hold)(object *);
    void (*drop)(object *);
    object *(*occurred)(void);
    void (*fetch)(object **, object **, object **);
    void (*normalize)(object **, object **, object **);
    int (*set_traceback)(object *, object *);
    void (*complain)(object *);
    object *none;
} py;

/* In the vCPU thread, before a WFE or WFI executes. */
OWN void fall_asleep(int is_wfi);

/* Call it for what it does; what it raises is reported. With Python's lock. */
OWN void do_call(object *callable, object *const *arguments, size_t count);

/* How many accesses and timers Python's lock was taken for, one within the other. */
OWN extern unsigned int python_depth;

/* Take it for one, and give it back. */
static inline int enter_python(void)
{
    int state = py.ensure();

    python_depth++;
    return state;
}

static inline void leave_python(int state)
{
    python_depth--;
    py.release(state);
}

/* Fill `py`, the first time; aborts where a function is missing. */
OWN void find_python(void);

#endif
