/* The flash verbs in which the checks are written, and the area that they may change. */
#ifndef FLASH_H
#define FLASH_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

/* Of the status register. */
#define WIP 0x01
#define WEL 0x02

/* The firmware lies below; a file system begins here on the boards that are known. Whole erase
 * units are taken from AREA on, single pages from PAGES on. */
#define AREA 0x100000u
#define PAGES (AREA + 0xA0000u)

#define PAGE 256u
#define SECTOR 0x1000u

/* One command without address and data. */
void send(uint8_t opcode);

/* One command with an address, without data. */
void send_at(uint8_t opcode, uint32_t address);

/* One command that reads a register's byte. */
uint8_t read_register(uint8_t opcode);
uint8_t read_status(void);

/* Any command; a controller error counts as a failure of the check. */
void transfer(const struct command *command);

/* Poll WIP until it is 0. Gives up the run if it never is. */
void wait_idle(void);

/* 06h, the register's bytes, and wait. */
void write_register(uint8_t opcode, const uint8_t *values, unsigned count);

/* Commands of the array: read (03h), and the ones that change it, with 06h before and a wait.
 * In octal DDR an odd count becomes even: `to` has room, and FFh is programmed. */
void read_array(uint32_t address, uint8_t *to, uint32_t count);
void program(uint32_t address, const uint8_t *from, uint32_t count);
void erase(uint8_t opcode, uint32_t address);
void erase_sector(uint32_t address);

/* Erase the smallest unit there unless it is blank. */
void make_blank(uint32_t address);

/* Blank pages that no check has had before. */
uint32_t blank_pages(unsigned count);

/* The same without waiting, and without 06h. */
void start_program(uint32_t address, const uint8_t *from, uint32_t count);

/* The core's view: `count` bytes from `address` on are all `value`. */
bool is_filled(uint32_t address, uint32_t count, uint8_t value);

/* Bytes that differ from one another, from page to page too. */
void make_pattern(uint8_t *to, uint32_t count, uint8_t seed);

/* 66h, 99h, and wait. */
void reset_chip(void);

/* Bring the chip from whatever state into the one in which it was found first. */
void recover(void);

/* Release from power-down (ABh), and wait for it. */
void wake(void);

/* Whether the chip gives its id to 9Fh. */
bool answers(void);

void check_id(const char *what);

#endif
