*** Settings ***
Documentation       Files, and what they survive.
Resource            common.resource
Library             OperatingSystem
Suite Setup         Boot To The Prompt
Test Setup          Start From The Prompt
Test Teardown       Note The Figures

*** Variables ***
@{WRITE}            with open('diary.txt', 'w') as file:    ${SPACE*4}print(file.write('Dear diary!\\n' * 700))
@{READ}             with open('diary.txt') as file:    ${SPACE*4}print(file.read() == 'Dear diary!\\n' * 700)

*** Test Cases ***
A File Reads As It Was Written
    Write The Diary
    The Diary Should Be There

A File Survives A Soft Reset
    Write The Diary
    Send Key To Uart            0x4
    The Diary Should Be There

A File Survives The Reset Button
    Write The Diary
    Press Reset
    The Diary Should Be There

A File That Is Removed Gives Its Space Back
    ${before}=                  Free Blocks
    Write The Diary
    ${with}=                    Free Blocks
    Should Be True              ${with} < ${before}
    Run At REPL                 import os; os.remove('diary.txt')
    ${after}=                   Free Blocks
    Should Be Equal             ${after}    ${before}

The File System Begins Where The Block Device Does
    ${found}=                   Run At REPL    import os    print(os.statvfs('${MOUNTED_AT}')[:3])
    Should Be Equal             ${found}    ${VOLUME}

A File Can Be Put There Before The Boot
    Skip If                     not ${HAS_LITTLEFS}    a file system of this kind cannot be written
    Reset Emulation
    ${put}=                     Create Dictionary    main.py=print('put there')
    Create Board                ${BOARD}    put=${put}
    Create Terminal Tester      ${CONSOLE}
    Wait For Prompt On Uart     ${PROMPT}
    ${names}=                   Run At REPL    import os; print('main.py' in os.listdir())
    Should Be Equal             ${names}    True

*** Keywords ***
Write The Diary
    ${written}=                 Run At REPL    @{WRITE}
    Should Be Equal             ${written}    8400

The Diary Should Be There
    ${is_there}=                Run At REPL    @{READ}
    Should Be Equal             ${is_there}    True

Free Blocks
    ${free}=                    Run At REPL    import os; print(os.statvfs('${MOUNTED_AT}')[3])
    RETURN                      ${free}
