#include "tap.h"

#include "port.h"

static struct {
    bool failed;
    bool has_index, has_values;
    const char *what;
    unsigned index;
    uint32_t expected, got;
} finding;

static unsigned planned, number, passed;

void print(const char *text)
{
    while (*text)
        port_write_character(*text++);
}

void print_decimal(uint32_t value)
{
    if (value >= 10)
        print_decimal(value / 10);
    port_write_character((char)('0' + value % 10));
}

void print_hex(uint32_t value, unsigned digits)
{
    while (digits--)
        port_write_character("0123456789abcdef"[value >> 4 * digits & 0xF]);
}

void print_bytes(const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (i)
            print(" ");
        print_hex(bytes[i], 2);
    }
}

static void print_value(uint32_t value)
{
    print("0x");
    print_hex(value, value > 0xFFFF ? 8 : value > 0xFF ? 4 : 2);
}

void tap_begin(void)
{
    print("TAP version 13\n");
}

void tap_plan(unsigned count)
{
    planned = count;
    print("1..");
    print_decimal(count);
    print("\n");
}

void tap_check_begin(void)
{
    finding.failed = false;
}

static void print_finding(void)
{
    print("# ");
    print(finding.what);
    if (finding.has_index) {
        print(" [");
        print_decimal(finding.index);
        print("]");
    }
    if (finding.has_values) {
        print(": expected ");
        print_value(finding.expected);
        print(", got ");
        print_value(finding.got);
    }
    print("\n");
}

void tap_check_end(const char *name)
{
    print(finding.failed ? "not ok " : "ok ");
    print_decimal(++number);
    print(" - ");
    print(name);
    print("\n");
    if (finding.failed)
        print_finding();
    else
        passed++;
}

void tap_end(void)
{
    print("# end: ");
    print_decimal(passed);
    print(" of ");
    print_decimal(planned);
    print(" passed\n");
}

_Noreturn void tap_bail_out(const char *why)
{
    if (finding.failed)
        print_finding();
    print("Bail out! ");
    print(why);
    print("\n");
    for (;;)
        __asm volatile("wfi");
}

void expect(const char *what, uint32_t got, uint32_t expected)
{
    if (got == expected || finding.failed)
        return;
    finding.failed = finding.has_values = true;
    finding.has_index = false;
    finding.what = what;
    finding.got = got;
    finding.expected = expected;
}

void expect_true(const char *what, bool holds)
{
    if (holds || finding.failed)
        return;
    finding.failed = true;
    finding.has_index = finding.has_values = false;
    finding.what = what;
}

void expect_bytes(const char *what, const volatile uint8_t *got, const uint8_t *expected,
                  unsigned count)
{
    for (unsigned i = 0; i < count && !finding.failed; i++) {
        expect(what, got[i], expected[i]);
        finding.has_index = finding.failed;
        finding.index = i;
    }
}
