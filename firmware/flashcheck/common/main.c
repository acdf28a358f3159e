/* Finds out which part is there, runs the checks that are for it, reports. */
#include <stddef.h>

#include "checks.h"
#include "flash.h"
#include "tap.h"

static const struct check *const lists[] = {
    id_checks,   register_checks, array_checks, protection_checks, window_checks,
    mode_checks, octal_checks,    power_checks, refusal_checks,    port_checks,
};

static unsigned count_checks(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct check *check = lists[i]; check->name; check++)
            if (check->families & part->family)
                count++;
    return count;
}

static void identify(void)
{
    uint8_t id[3] = {0};
    port_transfer(&(struct command){.opcode = 0x9F, .in = id, .length = 3});
    part = find_part(id);
    print("# id ");
    print_bytes(id, 3);
    print(part ? ", " : "\n");
    if (!part)
        tap_bail_out("no part with this id is known");
    print(part->name);
    print("\n");
    port_set_size(part->size);
}

int main(void)
{
    port_start();
    tap_begin();
    identify();
    recover();
    tap_plan(count_checks());
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct check *check = lists[i]; check->name; check++)
            if (check->families & part->family) {
                tap_check_begin();
                check->run();
                recover();
                tap_check_end(check->name);
            }
    tap_end();
    for (;;)
        __asm volatile("wfi");
}
