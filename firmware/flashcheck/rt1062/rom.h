/* Checks of what surrounds the flash: the ROM's API, the core's options. */
#ifndef ROM_H
#define ROM_H

void check_rom_api(void);
void check_core(void);

#endif
