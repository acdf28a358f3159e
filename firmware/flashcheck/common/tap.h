/* Test Anything Protocol, version 13, on the console. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdint.h>

void print(const char *text);
void print_decimal(uint32_t value);
void print_hex(uint32_t value, unsigned digits);
void print_bytes(const uint8_t *bytes, unsigned count);

/* The first line. */
void tap_begin(void);

/* How many checks will come. */
void tap_plan(unsigned count);

/* Begin a check, and end it: prints `ok` or `not ok` with the first thing that was not as expected. */
void tap_check_begin(void);
void tap_check_end(const char *name);

/* The last line; nothing comes after it. */
void tap_end(void);

/* Give up: what follows would mean nothing. Does not return. */
_Noreturn void tap_bail_out(const char *why);

/* What a check finds. Only the first difference of a check is reported. */
void expect(const char *what, uint32_t got, uint32_t expected);
void expect_true(const char *what, bool holds);
void expect_bytes(const char *what, const volatile uint8_t *got, const uint8_t *expected,
                  unsigned count);

#endif
