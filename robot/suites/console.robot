*** Settings ***
Documentation       Typing and reading, as at a terminal.
Resource            common.resource
Suite Setup         Boot To The Prompt
Test Setup          Start From The Prompt
Test Teardown       Note The Figures

*** Test Cases ***
The Prompt Is Silent
    Test If Uart Is Idle        1

A Line Is Echoed And Answered
    Write Line To Uart          print(6 * 7)
    Wait For Next Line On Uart
    ${answer}=                  Wait For Next Line On Uart
    Should Be Equal             ${answer.Line}    42
    Wait For Prompt On Uart     ${PROMPT}

Lines Come In Order
    Write Line To Uart          for i in range(3): print('line', i)
    Write Line To Uart
    Wait For Lines On Uart      ${{ ['line 0', 'line 1', 'line 2'] }}

A Text Beyond ASCII Comes Back
    Write Line To Uart          print('\\u00e9' + '\\u20ac' * 2)
    Wait For Line On Uart       \u00e9\u20ac\u20ac
    Wait For Prompt On Uart     ${PROMPT}

Much Output Comes Whole
    Write Line To Uart          for i in range(1000): print('%04d' % i, '#' * 60)
    Write Line To Uart
    FOR    ${i}    IN    0    499    999
        ${number}=              Evaluate    '%04d' % ${i}
        ${line}=                Wait For Line On Uart    ${number} #
        Should Be Equal         ${line.Line}    ${number} ${{ '#' * 60 }}
    END

Ctrl-C Ends A Loop
    Write Line To Uart          while True: pass
    Write Line To Uart
    Run For                     100ms
    Test If Uart Is Idle        500ms
    Send Key To Uart            0x3
    Wait For Line On Uart       KeyboardInterrupt
    Wait For Prompt On Uart     ${PROMPT}

A Program Can Ask
    Write Line To Uart          name = input('Who? ')
    Wait For Prompt On Uart     Who?${SPACE}
    Write Line To Uart          somebody
    Wait For Prompt On Uart     ${PROMPT}
    Write Line To Uart          print(name * 2)
    Wait For Line On Uart       somebodysomebody

What Should Not Come Does Not
    Write Line To Uart          1 + 1
    Should Not Be On Uart       Traceback    timeout=1
