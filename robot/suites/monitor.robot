*** Settings ***
Documentation       A suite in the shape of those of Renode: the machine is set up by commands of the
...                 monitor, and states are handed from test to test. docs/robot.md says what had to
...                 change to get here.
Library             xipsim.robot
Variables           ${CURDIR}/boards/${BOARD}.py
Test Teardown       Reset Emulation

*** Variables ***
${BOARD}            TEENSY41
${PROMPT}           >>>${SPACE}

*** Keywords ***
Create Machine
    [Arguments]                 ${name}=board
    Execute Command             using sysbus
    Execute Command             mach create "${name}"
    Execute Command             machine LoadPlatformDescription @platforms/boards/${BOARD}.repl
    Execute Command             showAnalyzer sysbus.${CONSOLE}
    ${tester}=                  Create Terminal Tester    sysbus.${CONSOLE}    timeout=20
    RETURN                      ${tester}

Elapsed Time Should Be At Least
    [Arguments]                 ${seconds}
    ${info}=                    Execute Command    emulation GetTimeSourceInfo
    ${digits}=                  Evaluate    $info.split()[-1].split(':')[-1]
    Should Be True              ${digits} >= ${seconds}

*** Test Cases ***
Should Boot MicroPython
    Create Machine
    Start Emulation
    ${banner}=                  Wait For Line On Uart    MicroPython v([0-9.]+)    treatAsRegex=true
    Should Not Be Empty         ${banner.Groups[0]}
    Wait For Prompt On Uart     ${PROMPT}
    Provides                    shell

Should Run A Statement
    Requires                    shell
    Write Line To Uart          print('sum', 40 + 2)
    Wait For Line On Uart       sum 42
    Wait For Prompt On Uart     ${PROMPT}
    Provides                    used-shell

Should Begin Where The Other Test Ended
    Requires                    used-shell
    Write Line To Uart          _
    Wait For Prompt On Uart     ${PROMPT}
    Test If Uart Is Idle        1    pauseEmulation=true

Should Let Virtual Time Pass
    Requires                    shell
    Execute Command             emulation RunFor "00:00:01.5"
    Elapsed Time Should Be At Least    1.5

Should Keep The Time Of A Sleep
    Requires                    shell
    ${start}=                   Get Virtual Time
    Write Line To Uart          import time; time.sleep(3); print('awake')
    Should Not Be On Uart       awake    timeout=2.9
    ${line}=                    Wait For Line On Uart    awake    timeout=1
    Should Be True              3000 < ${line.Timestamp} - ${start} * 1000 < 3100

Should Report The Machine
    ${tester}=                  Create Machine    name=other
    Start Emulation
    Wait For Prompt On Uart     ${PROMPT}    testerId=${tester}
    ${pc}=                      Execute Command    cpu PC    machine=other
    Should Match Regexp         ${pc}    ^0x[0-9A-F]+

Should Refuse What It Does Not Know
    Create Machine
    Run Keyword And Expect Error    'frobnicate 1' is no command*    Execute Command    frobnicate 1
    Run Keyword And Expect Error    there is no machine 'else'*    Execute Command    start    machine=else
