// The stream that is watched where none is given: the webcam if there is one at the start.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/defaults.h"
#include "daemon/options.h"

static const char camera[] = "/dev/video0";
static bool has_camera;

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
    if (strcmp(path, camera) == 0) {
        return has_camera ? 0 : -1;
    }
    return __real_access(path, mode);
}

// What the options become when they are read again; running: NULL at the start.
static void read_options(struct daemon_options *options, const struct daemon_options *running)
{
    struct mc_error err = { 0 };
    *options = daemon_options_default;
    // Nothing is looked for in the file system.
    snprintf(options->model, sizeof options->model, "m");
    snprintf(options->locator, sizeof options->locator, "l");
    if (running != NULL) {
        daemon_defaults_keep_stream(options, running);
    }
    assert_true(daemon_defaults_fill(options, &err));
    assert_int_equal(options->stream_count, 1);
}

static void the_stream_that_was_chosen_stays(void **state)
{
    (void)state;
    static struct daemon_options first, second, third;
    static const char *const urls[] = { "demo:", "v4l2:/dev/video0" };
    for (int i = 0; i < 2; i++) {
        has_camera = i == 1;
        read_options(&first, NULL);
        assert_string_equal(first.streams[0].url, urls[i]);
        has_camera = !has_camera;
        read_options(&second, &first);
        assert_string_equal(second.streams[0].url, urls[i]);
        read_options(&third, &second); // however often
        assert_string_equal(third.streams[0].url, urls[i]);
        assert_int_equal(third.streams[0].settings.repeat, first.streams[0].settings.repeat);
    }
}

static void a_stream_that_was_given_is_no_default(void **state)
{
    (void)state;
    static struct daemon_options running, fresh;
    struct mc_error err = { 0 };
    running = daemon_options_default;
    struct daemon_stream_options *given = daemon_options_add_stream(&running, "door", &err);
    assert_non_null(given);
    snprintf(given->url, sizeof given->url, "rtsp://camera.local/live");
    has_camera = true;
    read_options(&fresh, &running);
    assert_string_equal(fresh.streams[0].url, "v4l2:/dev/video0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_that_was_chosen_stays),
        cmocka_unit_test(a_stream_that_was_given_is_no_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
