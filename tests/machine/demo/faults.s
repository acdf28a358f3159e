@ Faults whose place is hard to tell, for tests/machine/test_fault_places.py. Each program first
@ tells the test (MARK) where it is going to fault; lr is 0x20000ABD there.
@
@ Built into faults.hex as polls.s is into polls.hex. The word at the end says which one shall run.

    .syntax unified
    .thumb
    .equ MARK, 0x0C
    .equ NOTHING, 0x90000000

vectors:
    .word 0x20001000, start + 1
    .word stop + 1
    .word fault + 1         @ HardFault
    .rept 13
    .word stop + 1
    .endr

    .macro tell label
    adr r7, \label
    str r7, [r0, #MARK]
    .endm

start:
    movs r0, #0x40
    lsls r0, r0, #24
    ldr lr, =0x20000ABD
    ldr r6, =NOTHING
    ldr r5, which
    cmp r5, #2
    beq on_process_stack
    cmp r5, #4
    beq no_vectors
    tell first
    .align 2
first:
    ldr r1, [r6]
    movs r5, #0             @ the handler that comes back comes here
    tell second
    .align 2
second:
    ldr r1, [r6]
    b stop

on_process_stack:
    ldr r1, =0x20002000
    msr psp, r1
    movs r1, #2
    msr control, r1
    isb
    tell third
    .align 2
third:
    ldr r1, [r6]
    b stop

no_vectors:
    ldr r1, =0xE000ED08
    str r6, [r1]
    tell fourth
    .align 2
fourth:
    ldr r1, [r6]
    b stop

fault:
    cmp r5, #3              @ comes back behind the instruction, the first time
    beq comes_back
    sub sp, #512            @ and here it runs on, far from how it began
    movs r1, #0
    cmp r5, #1
    bne 1f
    ldr r1, [r6]            @ faults in the handler: a lock-up
1:  bl deeper
    b 1b
deeper:
    push {r1-r7, lr}
    adds r1, r1, #1
    pop {r1-r7, pc}

comes_back:
    ldr r1, [sp, #24]
    adds r1, r1, #2
    str r1, [sp, #24]
    bx lr

stop:
    b stop

    .ltorg
    .align 2
which:
    .word 0
