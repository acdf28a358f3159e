*** Settings ***
Documentation       A board in Renode itself, with nothing but Renode's own keywords: no library of xipsim's.
...
...                 xipsim renode TEENSY41 --output out
...                 renode-test --variable SCRIPT:$PWD/out/TEENSY41.resc robot/renode/board.robot
Suite Setup         Setup
Suite Teardown      Teardown
Test Setup          Boot
Test Teardown       Test Teardown

*** Variables ***
${CONSOLE}          sysbus.usb1.pc
${FLASH}            from mimxrt import Flash; f = Flash()
${WINDOW}           0x60100000    # where block 0 of that is in memory
${BLOCK}            150           # without a file

*** Keywords ***
Boot
    Test Setup
    Execute Command             include @${{ $SCRIPT.replace(' ', chr(92) + ' ') }}
    Execute Command             emulation SetAdvanceImmediately true
    Create Terminal Tester      ${CONSOLE}    timeout=10
    Start Emulation
    Wait For A Prompt

Wait For A Prompt
    [Documentation]             A firmware may have printed one before the PC has opened its USB port.
    Wait Until Keyword Succeeds    20x    0s    It Should Answer
    # What was typed in vain at first may have been kept: it is answered before this is.
    Write Line To Uart          print('rea' + 'dy')    waitForEcho=false
    Wait For Line On Uart       ready
    Wait For Prompt On Uart     >>>

It Should Answer
    Write Line To Uart          print('a' + 'wake')    waitForEcho=false
    Wait For Line On Uart       awake    timeout=0.5

Type
    [Arguments]                 ${line}
    Write Line To Uart          ${line}    waitForEcho=false
    Wait For Prompt On Uart     >>>

Should Print
    [Arguments]                 ${line}    ${printed}
    Write Line To Uart          ${line}    waitForEcho=false
    Wait For Line On Uart       ^${printed}$    treatAsRegex=true
    Wait For Prompt On Uart     >>>

Window Should Hold
    [Arguments]                 ${text}
    Should Print                uctypes.bytes_at(${WINDOW} + ${BLOCK} * 4096, 8)    b'${text}'

*** Test Cases ***
Its Flash Is Erased, Written And Read
    Type                        import uctypes; ${FLASH}; b = bytearray(8)
    Should Print                f.ioctl(6, ${BLOCK})    0
    Should Print                f.readblocks(${BLOCK}, b, 0); set(b)    \\{255\\}
    Type                        f.writeblocks(${BLOCK}, b'in place', 0)
    Should Print                f.readblocks(${BLOCK}, b, 0); b    bytearray\\(b'in place'\\)
    Window Should Hold          in place
    Should Print                f.ioctl(6, ${BLOCK})    0
    Window Should Hold          ${{r'\\xff' * 8}}

Its Flash Is Memory
    Type                        import uctypes; ${FLASH}
    Write Line To Uart          v = memoryview(f); print('has', 'a', 'buffer')
    ${has}=                     Run Keyword And Return Status    Wait For Line On Uart    has a buffer    timeout=1
    Skip If                     not ${has}    this firmware's Flash has no buffer
    Type                        f.ioctl(6, ${BLOCK}); f.writeblocks(${BLOCK}, b'in place', 0)
    Should Print                bytes(v[${BLOCK} * 4096:][:8])    b'in place'

Files Outlive A Reset By The Button
    Type                        f = open('kept.txt', 'w'); f.write('kept'); f.close()
    Execute Command             machine Reset
    Wait For A Prompt
    Should Print                open('kept.txt').read()    'kept'

A Soft Reset Forgets Variables
    Type                        forgotten = 1
    Send Key To Uart            0x4
    Wait For Line On Uart       soft reboot
    Wait For A Prompt
    Write Line To Uart          forgotten
    Wait For Line On Uart       NameError

The Firmware Resets The Board
    Type                        import machine; forgotten = 1
    Write Line To Uart          machine.reset()    waitForEcho=false
    Wait For A Prompt
    Write Line To Uart          forgotten
    Wait For Line On Uart       NameError

A Watchdog Bites
    Type                        import machine, time
    Write Line To Uart          w = machine.WDT(timeout=1000); time.sleep(2)    waitForEcho=false
    Wait For A Prompt
    Type                        import machine
    Should Print                machine.reset_cause() == machine.WDT_RESET    True
