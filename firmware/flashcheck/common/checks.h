/* The checks: lists by subject, each ended by an entry without a name. */
#ifndef CHECKS_H
#define CHECKS_H

#include "parts.h"

struct check {
    const char *name;
    void (*run)(void);
    enum family families; /* for parts of which */
};

extern const struct check id_checks[];
extern const struct check register_checks[];
extern const struct check array_checks[];
extern const struct check protection_checks[];
extern const struct check window_checks[];
extern const struct check mode_checks[];
extern const struct check octal_checks[];
extern const struct check power_checks[];
extern const struct check refusal_checks[];

/* Of the SoC's controller. */
extern const struct check port_checks[];

#endif
