// An option that a request or a reload changes takes effect: no option is forgotten.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/secrets.h"
#include "daemon/stream_plan.h"

static struct daemon_options options;
static struct daemon_stream_plan before, after;

// A value of each option that is not what base has.
static const struct {
    const char *option, *value;
} changes[] = {
    { "max-faces", "3" },
    { "region", "1,2,30,40" },
    { "full-frame", "yes" },
    { "rotate", "90" },
    { "mirror", "yes" },
    { "max-frame-size", "640x480" },
    { "repeat", "yes" },
    { "isolate", "yes" },
    { "smooth", "off" },
    { "smooth-min-cutoff", "3" },
    { "smooth-beta", "3" },
    { "fov", "60" },
    { "url", "rtsp://other.local/live" },
    { "user", "somebody" },
    { "password", "other" },
    { "password-file", "/proc/sys/kernel/ostype" }, // any file of one line
    { "transport", "udp" },
    { "damaged", "drop" },
    { "on-demand", "yes" },
};

static const char *other_value(const char *option)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (strcmp(changes[i].option, option) == 0) {
            return changes[i].value;
        }
    }
    fail_msg("%s has no value here: add one, and see that daemon/stream_plan.c compares it",
             option);
    return NULL;
}

static void make_plan(struct daemon_stream_plan *plan, const char *option)
{
    static struct daemon_stream_options own;
    struct mc_error err = { 0 };
    assert_true(daemon_stream_options_init(&own, "a", &err));
    const struct mc_options scopes[] = { { daemon_stream_table, &own },
                                         { daemon_settings_table, &own.settings } };
    static const char *const base[][2] = { { "url", "rtsp://camera.local/live" },
                                           { "user", "me" },
                                           { "password", "secret" } };
    for (size_t i = 0; i < sizeof base / sizeof base[0]; i++) {
        assert_true(mc_options_set(scopes, 2, base[i][0], base[i][1], &err));
    }
    if (option != NULL && !mc_options_set(scopes, 2, option, other_value(option), &err)) {
        fail_msg("%s", err.message);
    }
    assert_true(daemon_secrets_insert_login(&own, &err));
    daemon_stream_plan_make(plan, &options, &own);
}

static void assert_differs(const char *option)
{
    make_plan(&after, option);
    if (daemon_stream_plan_has_same_frames(&before, &after) &&
        daemon_stream_plan_has_same_motion(&before, &after)) {
        fail_msg("%s = %s changes nothing", option, other_value(option));
    }
}

static void every_option_that_changes_is_noticed(void **state)
{
    (void)state;
    options = daemon_options_default;
    make_plan(&before, NULL);
    make_plan(&after, NULL);
    assert_true(daemon_stream_plan_has_same_frames(&before, &after));
    assert_true(daemon_stream_plan_has_same_motion(&before, &after));
    for (const struct mc_option *row = daemon_stream_table; row->name != NULL; row++) {
        assert_differs(row->name);
    }
    for (const struct mc_option *row = daemon_settings_table; row->name != NULL; row++) {
        assert_differs(row->name);
    }
}

// Motion is computed anew without opening the source.
static void motion_alone_keeps_the_source(void **state)
{
    (void)state;
    static const char *const motion[] = { "smooth", "smooth-min-cutoff", "smooth-beta", "fov" };
    options = daemon_options_default;
    make_plan(&before, NULL);
    for (size_t i = 0; i < sizeof motion / sizeof motion[0]; i++) {
        make_plan(&after, motion[i]);
        assert_true(daemon_stream_plan_has_same_frames(&before, &after));
        assert_false(daemon_stream_plan_has_same_motion(&before, &after));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_that_changes_is_noticed),
        cmocka_unit_test(motion_alone_keeps_the_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
