/*
 * Which pages of a memory were written: QEMU notes it for displays, which must be drawn anew then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include <stdbool.h>
#include <stdint.h>

#define DIRTY_MEMORY_VGA 0

/* All set from Python: QEMU's functions, and glib's g_free(). */
void *(*xipsim_take_dirty)(void *region, uint64_t offset, uint64_t size, unsigned int client);
bool (*xipsim_is_dirty)(void *region, void *taken, uint64_t offset, uint64_t size);
void (*xipsim_free)(void *taken);

/* QEMU looks up so many pages in the time of one. */
#define PAGES_AT_ONCE 64

/* Put the offsets of the pages written since the last call into `offsets`; how many there are. */
uint64_t xipsim_pages_written(void *region, uint64_t size, uint64_t page, uint32_t *offsets)
{
    void *taken = xipsim_take_dirty(region, 0, size, DIRTY_MEMORY_VGA);
    uint64_t count = 0;

    for (uint64_t offset = 0; offset < size; offset += PAGES_AT_ONCE * page) {
        uint64_t left = size - offset, length = PAGES_AT_ONCE * page;
        uint64_t end = offset + (left < length ? left : length);

        if (!xipsim_is_dirty(region, taken, offset, end - offset)) {
            continue;
        }
        for (uint64_t at = offset; at < end; at += page) {
            if (xipsim_is_dirty(region, taken, at, page)) {
                offsets[count++] = (uint32_t)at;
            }
        }
    }
    xipsim_free(taken);
    return count;
}
