/* OSPI's own: flags and FIFOs. */
#include "checks.h"

#include <stddef.h>

#include "flash.h"
#include "ospi.h"
#include "tap.h"

static void check_idle_flags(void)
{
    check_id("id");
    expect("SR after a command", SR & 0x1F, SR_TFNF | SR_TFE);
    expect("TXFLR after a command", TXFLR, 0);
    expect("RXFLR after a command", RXFLR, 0);
}

/* SSIENR = 0 empties both FIFOs; without a chip selected nothing leaves them. */
static void check_fifo(void)
{
    SER = 0;
    SSIENR = 0;
    CTRLR0 = MASTER | FRAME(8);
    SSIENR = 1;
    for (unsigned i = 0; i < 66; i++)
        DR = i;
    expect("TXFLR after 66 writes", TXFLR, 66);
    expect("TFE", SR & SR_TFE, 0);
    SSIENR = 0;
    SSIENR = 1;
    expect("TXFLR after SSIENR = 0", TXFLR, 0);
    check_id("id after an emptied FIFO");
}

const struct check port_checks[] = {
    {"OSPI: flags when idle", check_idle_flags, EVERY_FAMILY},
    {"OSPI: FIFO emptied by SSIENR", check_fifo, EVERY_FAMILY},
    {NULL},
};
