/* What the files of this SoC offer one another. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void console_start(void);
void flexspi_start(void);

/* The image, from the linker script. */
extern char image_size[], stack_top[];
extern char ram_start[], ram_end[], ram_source[], bss_start[], bss_end[];

/* The first instruction, and where it goes. */
void start(void);
void begin(uint32_t stack);

/* What the boot ROM has set: SP and VTOR. Where the image's first vector table lies. */
extern uint32_t boot_stack, boot_vtor;
extern const void *const boot_vectors[2];

int main(void);

#endif
