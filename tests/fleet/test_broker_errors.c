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
        fleet_broker_errors_tell(&errors, "nats://b", NATS_NOT_PERMITTED, "no to one");
        fleet_broker_errors_tell(&errors, "nats://b", NATS_NOT_PERMITTED, "no to two");
    }
    assert_int_equal(lines, 2);
    assert_string_equal(last, "the broker at nats://b says: no to two");
    // Also one that is longer than what is kept.
    char text[2 * FLEET_BROKER_ERROR_BYTES];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    fleet_broker_errors_tell(&errors, "nats://b", NATS_NOT_PERMITTED, text);
    fleet_broker_errors_tell(&errors, "nats://b", NATS_NOT_PERMITTED, text);
    assert_int_equal(lines, 3);
}

// The library reports its own findings in the same way: a slow consumer is this process.
static void only_the_brokers_words_are_put_in_its_mouth(void **state)
{
    (void)state;
    static const struct {
        natsStatus status;
        const char *text, *line;
    } cases[] = {
        { NATS_NOT_PERMITTED, "no to one", "the broker at nats://b says: no to one" },
        { NATS_CONNECTION_AUTH_FAILED, "no to you", "the broker at nats://b says: no to you" },
        { NATS_SLOW_CONSUMER, "Slow Consumer",
          "connection to the broker at nats://b: Slow Consumer" },
        { NATS_MISMATCH, "Mismatch", "connection to the broker at nats://b: Mismatch" },
        { NATS_IO_ERROR, "IO Error", "connection to the broker at nats://b: IO Error" },
    };
    struct fleet_broker_errors errors = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fleet_broker_errors_tell(&errors, "nats://b", cases[i].status, cases[i].text);
        assert_string_equal(last, cases[i].line);
    }
    // Also those that are one of many.
    errors.told_count = FLEET_BROKER_ERRORS_TOLD;
    fleet_broker_errors_tell(&errors, "nats://b", NATS_SLOW_CONSUMER, "another");
    assert_string_equal(last, "connection to the broker at nats://b: another; and 0 more like it");
}

static void a_thousand_errors_do_not_fill_the_log(void **state)
{
    (void)state;
    struct fleet_broker_errors errors = { 0 };
    char text[64];
    lines = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "no to %d", i);
        fleet_broker_errors_tell(&errors, "nats://b", NATS_NOT_PERMITTED, text);
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
        cmocka_unit_test(only_the_brokers_words_are_put_in_its_mouth),
        cmocka_unit_test(a_thousand_errors_do_not_fill_the_log),
        cmocka_unit_test(the_subject_of_a_publication_is_read),
    };
    mc_log_redirect(count_line);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
