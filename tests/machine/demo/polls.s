@ Ways in which drivers wait, good ones and bad ones, for tests/machine/test_waits.py.
@
@ Built into polls.hex, a vector table first, to run at 0x20000000:
@   arm-none-eabi-as -mcpu=cortex-m7 -mthumb polls.s -o p.o
@   arm-none-eabi-ld -Ttext 0x20000000 p.o -o p.elf; arm-none-eabi-objcopy -O binary p.elf p.bin
@ and p.bin as hex digits. The word at the end says which one shall run; a test changes it.

    .syntax unified
    .thumb
    .equ COUNT, 0x00        @ begins an operation of so many ns
    .equ STATUS, 0x04       @ ends its interrupt
    .equ POLL, 0x08         @ 1 when the operation is over
    .equ MARK, 0x0C         @ tells the test
    .equ CELL, 0x1C         @ the flash: 0xBAD while the operation is under way, then 0x600D
    .equ TICKS, 0x20        @ microseconds
    .equ NOWHERE, 0x100     @ not declared

vectors:
    .word 0x20001000, start + 1
    .rept 13
    .word stop + 1
    .endr
    .word tick + 1          @ SysTick
    .word over + 1          @ the timer

    .macro operation ns
    ldr r1, =\ns
    str r1, [r0, #COUNT]
    .endm

    .macro wait
1:  ldr r2, [r0, #POLL]
    cmp r2, #0
    beq 1b
    .endm

    .macro wait_us us       @ as a delay does it: by a counter, until a time
    ldr r3, =\us
    ldr r4, [r0, #TICKS]
1:  ldr r2, [r0, #TICKS]
    subs r2, r2, r4
    cmp r2, r3
    bls 1b
    .endm

    .macro mark register
    str \register, [r0, #MARK]
    .endm

start:
    movs r0, #0x40
    lsls r0, r0, #24
    ldr r1, which
    adr r2, programs
    ldr r1, [r2, r1, lsl #2]
    bx r1
    .align 2
programs:
    .word good + 1, forgotten + 1, reads_flash + 1, gives_up + 1, alternates + 1
    .word interrupted + 1, delays + 1, nowhere + 1

good:                       @ two operations, each waited for
    operation 200000
    wait
    operation 100000
    wait
    ldr r2, [r0, #CELL]
    mark r2
    b stop

forgotten:                  @ the wait behind the second operation is a single look
    operation 200000
    wait
    operation 100000
    ldr r2, [r0, #POLL]
    ldr r2, [r0, #CELL]
    mark r2
    b stop

reads_flash:                @ the second wait loop reads a constant from the flash
    operation 200000
    wait
    operation 10000
1:  ldr r3, [r0, #CELL]
    ldr r2, [r0, #POLL]
    cmp r2, #0
    beq 1b
    ldr r2, [r0, #CELL]
    mark r2
    b stop

gives_up:                   @ after the number of polls that r7 holds
    ldr r7, limit
    operation 200000
    wait
    operation 100000
1:  ldr r2, [r0, #POLL]
    cmp r2, #0
    bne 2f
    subs r7, r7, #1
    bne 1b
2:  mark r2
    b stop

alternates:                 @ done, or too late
    operation 100000
    ldr r4, [r0, #TICKS]
1:  ldr r2, [r0, #POLL]
    cmp r2, #0
    bne 2f
    ldr r3, [r0, #TICKS]
    subs r3, r3, r4
    cmp r3, #50
    bls 1b
2:  mark r2
    b stop

interrupted:                @ SysTick reads the flash every 10 us; its last read tells
    ldr r7, =0xE000E010
    ldr r2, =5999
    str r2, [r7, #4]
    movs r2, #7
    str r2, [r7, #0]
    movs r6, #0
    operation 205000
    wait
    movs r2, #0
    str r2, [r7, #0]
    mark r6
    ldr r2, [r0, #CELL]
    mark r2
    b stop

delays:                     @ a short one behind a long one, and again
    wait_us 20000
    mark r3
    wait_us 10
    mark r3
    wait_us 10
    mark r3
    b stop

nowhere:
    ldr r2, [r0, #NOWHERE]
    cmp r2, #0
    beq nowhere
stop:
    b stop

tick:                       @ counts what it found to be busy
    ldr r3, [r0, #CELL]
    ldr r5, =0xBAD
    cmp r3, r5
    it eq
    addeq r6, #1
    bx lr

over:
    str r0, [r0, #STATUS]
    bx lr

    .ltorg
    .align 2
limit:
    .word 5
which:
    .word 0
