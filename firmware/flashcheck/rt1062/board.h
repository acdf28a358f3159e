/* What the files of this SoC offer one another. */
#ifndef BOARD_H
#define BOARD_H

void console_start(void);
void flexspi_start(void);

/* The image, from the linker script. */
extern char image_size[], stack_top[];
extern char ram_start[], ram_end[], ram_source[], bss_start[], bss_end[];

/* The first instruction. */
void start(void);

int main(void);

#endif
