/*
 * Which pages of a memory were written: QEMU notes it for displays, which must be drawn anew then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process)
 */
#include <stdbool.h>
#include <stdint.h>

#define DIRTY_MEMORY_VGA 0

/* What QEMU has taken of its record: DirtyBitmapSnapshot, the same from 7.2 to 10.0. */
struct taken {
    uint64_t start, end; /* in QEMU's own addresses of memory */
    uint64_t dirty[];    /* a bit for each of its pages */
};

/* QEMU's pages are as small as any core's of its kind; it takes whole words of their bits. */
#define PAGE_BITS 10
#define WORD (UINT64_C(64) << PAGE_BITS)

/* All set from Python: QEMU's functions, and glib's g_free(). */
void *(*xipsim_take_dirty)(void *region, uint64_t offset, uint64_t size, unsigned int client);
bool (*xipsim_is_dirty)(void *region, void *taken, uint64_t offset, uint64_t size);
void (*xipsim_free)(void *taken);

/* Put the offsets of the pages written since the last call into `offsets`; how many there are. */
uint64_t xipsim_pages_written(void *region, uint64_t size, uint64_t page, uint32_t *offsets)
{
    struct taken *taken = xipsim_take_dirty(region, 0, size, DIRTY_MEMORY_VGA);
    /* Else it is not what is expected, and QEMU has to be asked for each page. */
    bool is_known = taken->end - taken->start == (size + WORD - 1) / WORD * WORD;
    uint64_t count = 0;

    for (uint64_t at = 0; at < size; at += page) {
        if (is_known && !taken->dirty[at / WORD]) {
            at = at / WORD * WORD + WORD - page;
        } else if (xipsim_is_dirty(region, taken, at, size - at < page ? size - at : page)) {
            offsets[count++] = (uint32_t)at;
        }
    }
    xipsim_free(taken);
    return count;
}
