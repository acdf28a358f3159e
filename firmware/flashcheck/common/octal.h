/* Octal DDR of IS25LX and IS25WX: how to get there, and how commands look there. */
#ifndef OCTAL_H
#define OCTAL_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

#define OCTAL_WAIT 9u          /* dummy clocks of array reads at 100 MHz (data sheet: 95 MHz) */
#define OCTAL_REGISTER_WAIT 8u /* of ids and registers */

/* Whether the chip was last told to use octal DDR. */
extern bool octal;

/* From the power-on state to octal DDR; the window reads with so many dummy clocks. */
void octal_enter(uint32_t wait);

/* Back by the chip's reset pin, and by 66h, 99h. */
void octal_leave_by_pin(void);
void octal_leave_by_command(void);

/* The same command as octal DDR has it. */
struct command octal_form(const struct command *command);

/* A volatile configuration register (85h). */
uint8_t octal_configuration(uint32_t address);

#endif
