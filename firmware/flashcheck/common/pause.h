/* Waiting without work, by SysTick, which every Cortex-M here has. */
#ifndef PAUSE_H
#define PAUSE_H

#include <stdint.h>

/* Ticks of the core's clock; SysTick has 24 bits. */
#define PAUSE_SHORTEST 600u
#define PAUSE_LONGEST 6000000u

/* Let the core sleep for so many ticks. No interrupt may be enabled but SysTick's own. */
void pause_for(uint32_t ticks);

#endif
