*** Settings ***
Documentation       From reset to the prompt.
Resource            common.resource
Suite Setup         Boot To The Prompt
Test Setup          Start From The Prompt
Test Teardown       Note The Figures

*** Test Cases ***
The Firmware Knows Its Board
    ${machine}=                 Run At REPL    import os; print(os.uname().machine)
    Should Be Equal             ${machine}     ${MACHINE}

The Banner Comes Before The Prompt
    Reset Emulation
    Create Board                ${BOARD}
    Create Terminal Tester      ${CONSOLE}
    ${banner}=                  Wait For Line On Uart    MicroPython v(\\S+) on    treatAsRegex=true
    Should Match Regexp         ${banner.Groups[0]}      ^\\d+\\.\\d+
    Should Contain              ${banner.Line}           ${MACHINE}
    Wait For Line On Uart       Type "help()" for more information.
    Wait For Prompt On Uart     ${PROMPT}

A Soft Reset Forgets Variables
    Write Line To Uart          forgotten = 1
    Wait For Prompt On Uart     ${PROMPT}
    Send Key To Uart            0x4
    Wait For Line On Uart       soft reboot
    Wait For Prompt On Uart     ${PROMPT}
    Write Line To Uart          forgotten
    Wait For Line On Uart       NameError

The Reset Button Boots Again
    Write Line To Uart          forgotten = 1
    Wait For Prompt On Uart     ${PROMPT}
    Press Reset
    Wait For Prompt On Uart     ${PROMPT}
    Write Line To Uart          forgotten
    Wait For Line On Uart       NameError

Software Can Reset The Board
    Write Line To Uart          import machine; machine.reset()
    Wait For Prompt On Uart     ${PROMPT}
    ${is_known}=                Run At REPL    print('machine' in globals())
    Should Be Equal             ${is_known}    False

An Erased Chip Does Not Boot
    Skip If                     not ${BOOTS_FROM_FLASH}    this board's firmware is not in the chip
    Erase Flash                 0    ${FLASH_SIZE}
    Press Reset
    Run Keyword And Expect Error    *boot ROM found nothing to start*    Run For    1
