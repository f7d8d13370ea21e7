#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/fleet/broker_errors.h"

static int lines;
static char last[1024];

static void count_line(enum mc_log_level level, const char *text)
{
    assert_int_equal(level, MC_LOG_WARNING);
    lines++;
    snprintf(last, sizeof last, "%s", text);
}

static void an_error_is_told_once(void **state)
{
    (void)state;
    struct fleet_broker_errors errors = { 0 };
    lines = 0;
    for (int i = 0; i < 3; i++) {
        fleet_broker_errors_tell(&errors, "nats://b", "no to one");
        fleet_broker_errors_tell(&errors, "nats://b", "no to two");
    }
    assert_int_equal(lines, 2);
    assert_string_equal(last, "the broker at nats://b says: no to two");
    // Also one that is longer than what is kept.
    char text[2 * FLEET_BROKER_ERROR_BYTES];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    fleet_broker_errors_tell(&errors, "nats://b", text);
    fleet_broker_errors_tell(&errors, "nats://b", text);
    assert_int_equal(lines, 3);
}

static void a_thousand_errors_do_not_fill_the_log(void **state)
{
    (void)state;
    struct fleet_broker_errors errors = { 0 };
    char text[64];
    lines = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "no to %d", i);
        fleet_broker_errors_tell(&errors, "nats://b", text);
    }
    assert_in_range(lines, FLEET_BROKER_ERRORS_TOLD, FLEET_BROKER_ERRORS_TOLD + 5);
}

static void the_subject_of_a_publication_is_read(void **state)
{
    (void)state;
    char subject[16];
    assert_true(fleet_broker_error_subject(subject, sizeof subject,
                                           "Permissions Violation for Publish to \"a.b\""));
    assert_string_equal(subject, "a.b");
    static const char *const others[] = {
        "",
        "Slow Consumer",
        "Permissions Violation for Subscription to \"a.b\"",
        "Permissions Violation for Publish to \"a.b", // cut
        "Permissions Violation for Publish to \"a.b.that.has.no.room\"",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(fleet_broker_error_subject(subject, sizeof subject, others[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_told_once),
        cmocka_unit_test(a_thousand_errors_do_not_fill_the_log),
        cmocka_unit_test(the_subject_of_a_publication_is_read),
    };
    mc_log_redirect(count_line);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
