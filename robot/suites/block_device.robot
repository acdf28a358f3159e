*** Settings ***
Documentation       The flash as MicroPython's block device, and the cells behind it.
Resource            common.resource
Library             OperatingSystem
Suite Setup         Boot To The Prompt
Test Setup          Start From The Prompt
Test Teardown       Note The Figures

*** Test Cases ***
The Geometry Is The Chip's
    ${found}=                   Run At REPL    ${BLOCK_DEVICE}
    ...                         print(flash.ioctl(4, 0), flash.ioctl(5, 0))
    Should Be Equal             ${found}       ${BLOCKS} ${BLOCK_SIZE}

An Erase Takes The Data Sheet's Time
    ${erase}=                   Erase The Spare Block
    ${ms}=                      Run At REPL    ${BLOCK_DEVICE}    import time
    ...                         start = time.ticks_us()    ${erase}
    ...                         print(time.ticks_diff(time.ticks_us(), start) / 1000)
    Should Be True              ${ERASE_MS} <= ${ms} < ${ERASE_MS} + 1
    ${address}=                 Address Of The Spare Block
    Flash Should Be Erased      ${address}     ${BLOCK_SIZE}

An Erase Is Counted Once
    ${before}=                  Erases Of The Spare Block
    ${erase}=                   Erase The Spare Block
    Run At REPL                 ${BLOCK_DEVICE}    ${erase}
    ${after}=                   Erases Of The Spare Block
    Should Be Equal As Integers    ${after}    ${before + 1}

What Is Written Lies In The Cells
    ${erase}=                   Erase The Spare Block
    Run At REPL                 ${BLOCK_DEVICE}    ${erase}
    ...                         flash.writeblocks(${SPARE_BLOCK}, bytes(range(256)) * 16, 0)
    ${file}=                    Allocate Temporary File
    Create Binary File          ${file}    ${{ bytes(range(256)) * 16 }}
    ${address}=                 Address Of The Spare Block
    Flash Should Equal File     ${file}    ${address}

What Lies In The Cells Is Read
    ${address}=                 Address Of The Spare Block
    Erase Flash                 ${address}    ${BLOCK_SIZE}
    Program Flash               ${address}    from outside
    ${text}=                    Run At REPL    ${BLOCK_DEVICE}    buffer = bytearray(12)
    ...                         flash.readblocks(${SPARE_BLOCK}, buffer, 0)    print(bytes(buffer))
    Should Be Equal             ${text}    b'from outside'

A Program Only Clears Bits
    ${erase}=                   Erase The Spare Block
    ${text}=                    Run At REPL    ${BLOCK_DEVICE}    ${erase}
    ...                         flash.writeblocks(${SPARE_BLOCK}, b'smallest', 0)
    ...                         flash.writeblocks(${SPARE_BLOCK}, b'SMALLEST', 0)
    ...                         buffer = bytearray(8)
    ...                         flash.readblocks(${SPARE_BLOCK}, buffer, 0)    print(bytes(buffer))
    Should Be Equal             ${text}    b'SMALLEST'

*** Keywords ***
Erase The Spare Block
    RETURN                      flash.ioctl(6, ${SPARE_BLOCK})

Address Of The Spare Block
    RETURN                      ${{ $FIRST_BLOCK + $SPARE_BLOCK * $BLOCK_SIZE }}

Erases Of The Spare Block
    ${stats}=                   Get Flash Statistics
    ${address}=                 Address Of The Spare Block
    RETURN                      ${{ $stats.erases.get($address // 4096, 0) }}
