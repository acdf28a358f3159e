/* SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "python_api.h"

struct python py;

void do_call(object *callable, object *const *arguments, size_t count)
{
    object *result = py.call(callable, arguments, count, NULL);

    if (result) {
        py.drop(result);
    } else {
        py.complain(callable);
    }
}

unsigned int python_depth;

void find_python(void)
{
    struct {
        void *function;
        const char *name;
    } names[] = {
        { &py.ensure, "PyGILState_Ensure" },
        { &py.release, "PyGILState_Release" },
        { &py.call, "PyObject_Vectorcall" },
        { &py.number, "PyLong_FromUnsignedLongLong" },
        { &py.signed_number, "PyLong_FromLongLong" },
        { &py.signed_value, "PyLong_AsLongLong" },
        { &py.new_pointer, "PyLong_FromVoidPtr" },
        { &py.pointer, "PyLong_AsVoidPtr" },
        { &py.new_function, "PyCFunction_NewEx" },
        { &py.new_attribute, "PyDescr_NewGetSet" },
        { &py.value, "PyLong_AsUnsignedLongLongMask" },
        { &py.item, "PyDict_GetItemWithError" },
        { &py.set_item, "PyDict_SetItem" },
        { &py.list_item, "PyList_GetItem" },
        { &py.set_list_item, "PyList_SetItem" },
        { &py.tuple_item, "PyTuple_GetItem" },
        { &py.is_true, "PyObject_IsTrue" },
        { &py.slot, "PyType_GetSlot" },
        { &py.hold, "Py_IncRef" },
        { &py.drop, "Py_DecRef" },
        { &py.occurred, "PyErr_Occurred" },
        { &py.fetch, "PyErr_Fetch" },
        { &py.normalize, "PyErr_NormalizeException" },
        { &py.set_traceback, "PyException_SetTraceback" },
        { &py.complain, "PyErr_WriteUnraisable" },
        { &py.none, "_Py_NoneStruct" },
    };

    if (py.none) {
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *found = dlsym(RTLD_DEFAULT, names[i].name);

        if (!found) {
            fprintf(stderr, "xipsim: libpython has no %s\n", names[i].name);
            abort();
        }
        *(void **)names[i].function = found;
    }
}
