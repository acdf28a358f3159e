*** Settings ***
Documentation       What is left when the power goes.
Resource            common.resource
Suite Setup         Boot To The Prompt
Test Setup          Start From The Prompt
Test Teardown       Note The Figures

*** Test Cases ***
The Board Boots Again
    Cut Power
    Restore Power
    Wait For Prompt On Uart     ${PROMPT}

Nothing Runs Without Power
    Cut Power
    Run Keyword And Expect Error    the board has no power*    Run For    1
    Restore Power
    Wait For Prompt On Uart     ${PROMPT}

Memory Forgets
    Write Line To Uart          forgotten = 1
    Wait For Prompt On Uart     ${PROMPT}
    Cut Power
    Restore Power
    Wait For Prompt On Uart     ${PROMPT}
    Write Line To Uart          forgotten
    Wait For Line On Uart       NameError

A Closed File Stays
    Run At REPL                 with open('kept', 'w') as file:    ${SPACE*4}file.write('kept')
    Cut Power
    Restore Power
    ${kept}=                    Run At REPL    print(open('kept').read())
    Should Be Equal             ${kept}    kept

A Cut While A File Is Written Spares The Others
    Run At REPL                 with open('kept', 'w') as file:    ${SPACE*4}file.write('kept')
    ${before}=                  Get Flash Statistics
    Write Line To Uart          file = open('torn', 'w'); file.write('x' * 20000); file.close()
    Run For                     ${CUT_AFTER}
    ${now}=                     Get Flash Statistics
    Should Be True              $now.operations > $before.operations    nothing was written yet
    Cut Power
    Restore Power
    ${kept}=                    Run At REPL    print(open('kept').read())
    Should Be Equal             ${kept}    kept
