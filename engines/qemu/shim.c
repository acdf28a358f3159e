/*
 * Puts Python into QEMU's process: preloaded, it replaces QEMU's main() by Python's.
 *
 * QEMU's binary exports its internal functions, so that Python code in its process can call them;
 * what is missing there is only an interpreter. This file needs no header of QEMU or Python: it
 * opens the libpython that the parent process names, and serves every version of either.
 *
 * Environment, set by the parent for this one execve only:
 *   XIPSIM_LIBPYTHON  the shared libpython to open
 *   XIPSIM_PYTHON     the interpreter's path, as argv[0] (it decides sys.prefix)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "passages.h"
#include "translation.h"

typedef int (*main_function)(int, char **, char **);
typedef int (*start_function)(main_function, int, char **, void (*)(void), void (*)(void),
                              void (*)(void), void *);

/* Called instead of abort(): QEMU's v7-M code aborts where a core locks up. Set from Python. */
void (*xipsim_on_abort)(void);

void abort(void)
{
    void (*report)(void) = xipsim_on_abort;

    xipsim_on_abort = NULL;
    if (report) {
        report();
    }
    _exit(134);
}

/* Read by QEMU when the shim is loaded as a plugin, see below. */
__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static int python_main(int argc, char **argv, char **envp)
{
    const char *library = getenv("XIPSIM_LIBPYTHON");
    const char *python = getenv("XIPSIM_PYTHON");
    void *handle;
    int (*run)(int, char **);

    (void)envp;
    unsetenv("LD_PRELOAD"); /* children must not inherit it */
    /* The plugin API's version: 1 up to QEMU 8, 3 since 9 (scoreboards). */
    qemu_plugin_version = dlsym(RTLD_DEFAULT, "qemu_plugin_scoreboard_new") ? 3 : 1;
    if (!library || !python) {
        fprintf(stderr, "xipsim: XIPSIM_LIBPYTHON and XIPSIM_PYTHON must be set\n");
        return 127;
    }
    handle = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    run = handle ? (int (*)(int, char **))dlsym(handle, "Py_BytesMain") : NULL;
    if (!run) {
        fprintf(stderr, "xipsim: cannot use libpython: %s\n", dlerror());
        return 127;
    }
    argv[0] = (char *)python;
    return run(argc, argv);
}

int __libc_start_main(main_function main, int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    start_function start = (start_function)dlsym(RTLD_NEXT, "__libc_start_main");

    (void)main;
    return start(python_main, argc, argv, init, fini, rtld_fini, stack_end);
}

/*
 * Exceptions: Python puts xipsim_take_exception where QEMU's function stood that makes the core take
 * one, so that what was interrupted is known exactly, and fault handlers at their first instruction.
 */

#define SP 13
#define LR 14
#define FIRST_FAULT 3
#define LAST_FAULT 7

struct byte_array { /* GByteArray */
    uint8_t *data;
    unsigned int len;
};

/* All set from Python, the first four with the library, the others with a core. */
int (*xipsim_read_register)(void *cpu, struct byte_array *into, int number);
void *(*xipsim_set_size)(struct byte_array *array, unsigned int size);
struct byte_array *xipsim_bytes;
void (*xipsim_do_interrupt)(void *cpu);
void (*xipsim_on_fault)(void);

/* What the core was about to do when it took its last exception. */
uint32_t xipsim_interrupted[4]; /* SP, LR, PC, XPSR */

/* One of the core's registers of 32 bits, by gdb's number. */
uint32_t xipsim_register(void *cpu, int number)
{
    xipsim_set_size(xipsim_bytes, 0);
    xipsim_read_register(cpu, xipsim_bytes, number);
    return *(uint32_t *)xipsim_bytes->data;
}

void xipsim_take_exception(void *cpu)
{
    static const int numbers[] = { SP, LR, PC, XPSR };
    uint32_t exception;

    xipsim_disturbed++;
    for (int i = 0; i < 4; i++) {
        xipsim_interrupted[i] = xipsim_register(cpu, numbers[i]);
    }
    translate_other();
    /* Firmware that runs wild may have made the number of the one under way any other. */
    narrow_exceptions(xipsim_interrupted[3] & EXCEPTION);
    xipsim_do_interrupt(cpu);
    widen_exceptions();
    exception = xipsim_register(cpu, XPSR) & EXCEPTION;
    if (exception >= FIRST_FAULT && exception <= LAST_FAULT &&
        xipsim_register(cpu, PC) != xipsim_interrupted[2]) {
        xipsim_on_fault();
    }
}

/*
 * Called when the core's state was loaded, instead of QEMU's function that drops all translated code
 * as well. Set from Python: QEMU's tlb_flush().
 */
void (*xipsim_tlb_flush)(void *cpu);

int xipsim_core_loaded(void *cpu, int version)
{
    (void)version;
    xipsim_tlb_flush(cpu);
    return 0;
}

/*
 * TCG plugin, loaded with -plugin: reports the WFE and WFI instructions that are executed, because
 * QEMU's WFE only yields, and its halted core may sleep past an interrupt. Python puts it to sleep.
 */

#define WFE 0xBF20
#define WFI 0xBF30

struct qemu_plugin_tb;
struct qemu_plugin_insn;

static size_t (*tb_n_insns)(const struct qemu_plugin_tb *);
static struct qemu_plugin_insn *(*tb_get_insn)(const struct qemu_plugin_tb *, size_t);
static size_t (*insn_size)(const struct qemu_plugin_insn *);
static size_t (*insn_data_copy)(const struct qemu_plugin_insn *, void *, size_t);
static const void *(*insn_data)(const struct qemu_plugin_insn *);
static void (*on_insn_exec)(struct qemu_plugin_insn *, void (*)(unsigned int, void *), int, void *);

static void sleeping(unsigned int vcpu_index, void *instruction)
{
    (void)vcpu_index;
    fall_asleep((uintptr_t)instruction == WFI);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    size_t n = tb_n_insns(tb);

    (void)id;
    translate_more();
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = tb_get_insn(tb, i);
        uint16_t opcode = 0;

        if (insn_size(insn) != 2) {
            continue;
        }
        if (insn_data_copy) {
            insn_data_copy(insn, &opcode, 2);
        } else {
            opcode = *(const uint16_t *)insn_data(insn);
        }
        if (opcode == WFE || opcode == WFI) {
            on_insn_exec(insn, sleeping, 0, (void *)(uintptr_t)opcode);
        }
    }
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    void (*on_translation)(uint64_t, void (*)(uint64_t, struct qemu_plugin_tb *)) =
        dlsym(RTLD_DEFAULT, "qemu_plugin_register_vcpu_tb_trans_cb");
    void *data = dlsym(RTLD_DEFAULT, "qemu_plugin_insn_data");

    (void)info;
    (void)argc;
    (void)argv;
    tb_n_insns = dlsym(RTLD_DEFAULT, "qemu_plugin_tb_n_insns");
    tb_get_insn = dlsym(RTLD_DEFAULT, "qemu_plugin_tb_get_insn");
    insn_size = dlsym(RTLD_DEFAULT, "qemu_plugin_insn_size");
    on_insn_exec = dlsym(RTLD_DEFAULT, "qemu_plugin_register_vcpu_insn_exec_cb");
    /* Since QEMU 9 the data is copied out (plugin API 3); before that a pointer is returned. */
    if (dlsym(RTLD_DEFAULT, "qemu_plugin_scoreboard_new")) {
        insn_data_copy = (size_t (*)(const struct qemu_plugin_insn *, void *, size_t))data;
    } else {
        insn_data = (const void *(*)(const struct qemu_plugin_insn *))data;
    }
    if (!on_translation || !tb_n_insns || !tb_get_insn || !insn_size || !on_insn_exec || !data) {
        return 1;
    }
    on_translation(id, translated);
    return 0;
}
