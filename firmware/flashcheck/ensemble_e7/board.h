/* What the files of this SoC offer one another. */
#ifndef BOARD_H
#define BOARD_H

void console_start(void);
void ospi_start(void);

/* From the linker script. */
extern char stack_top[], bss_start[], bss_end[];

int main(void);

#endif
