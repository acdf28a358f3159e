@ Functions that call each other, for gdb's backtraces (tests/machine/test_gdb_sessions.py).

    .syntax unified
    .thumb

    .macro function name
    .thumb_func
    .global \name
    .type \name, %function
\name:
    .endm

vectors:
    .word 0x20001000, start
    .rept 18
    .word start
    .endr

    function start
    bl outer
    b start

    function outer
    push {r4, lr}
    adds r4, r4, #1
    bl inner
    pop {r4, pc}

    function inner
    push {r5, lr}
    adds r5, r5, #1
    pop {r5, pc}
