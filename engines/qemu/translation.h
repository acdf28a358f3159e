/* SPDX-License-Identifier: GPL-2.0-or-later (it lives in QEMU's process) */
#ifndef XIPSIM_TRANSLATION_H
#define XIPSIM_TRANSLATION_H

#include "python_api.h"

extern int64_t (*xipsim_executed)(void); /* how many instructions */

/* A passage begins, or ends: it is hardly anything else than accesses. */
OWN void translate_passage(int on);

/* One is under way, and its next access will not come soon. */
OWN void translate_pause(void);

/* The core has made an access that is no step of a passage. value: what was read, which decides what
 * a driver does next, or 0. */
OWN void translate_behind(const void *registers, uint64_t offset, int is_write, uint64_t value);

/* The core has written to a register of its own, as it does hundreds of times in turn; the next access
 * to a model ends that. */
OWN void translate_series(void);

/* The core goes on elsewhere, as in an exception. */
OWN void translate_other(void);

/* Code is translated. */
OWN void translate_more(void);

#endif
