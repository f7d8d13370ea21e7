#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/source/v4l2_find.h"

static char sysfs[] = "/tmp/mocapd-test-XXXXXX";

static const struct {
    int number, index;
    const char *name;
} nodes[] = {
    { 10, 0, "HD Pro Webcam C920" },
    { 0, 0, "Integrated Camera: Integrated C" },
    { 1, 1, "Integrated Camera: Integrated C" }, // its metadata
    { 2, 0, "HD Pro Webcam C920" },
    { 3, 0, "Webcam C9" },
};

static void write_file(int number, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/video%d/%s", sysfs, number, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s\n", text);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(sysfs));
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        char path[128], index[16];
        snprintf(path, sizeof path, "%s/video%d", sysfs, nodes[i].number);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(index, sizeof index, "%d", nodes[i].index);
        write_file(nodes[i].number, "name", nodes[i].name);
        write_file(nodes[i].number, "index", index);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        static const char *const names[] = { "/name", "/index", "" };
        for (int k = 0; k < 3; k++) {
            char path[128];
            snprintf(path, sizeof path, "%s/video%d%s", sysfs, nodes[i].number, names[k]);
            remove(path);
        }
    }
    return rmdir(sysfs);
}

static void assert_found(const char *name, const char *wanted)
{
    char path[PATH_MAX];
    struct mc_error err = { 0 };
    const bool found = pipeline_v4l2_find(name, sysfs, "/links", path, sizeof path, &err);
    assert_string_equal(err.message, "");
    assert_true(found);
    assert_string_equal(path, wanted);
}

static void a_camera_may_be_named_in_many_ways(void **state)
{
    (void)state;
    assert_found("/dev/video7", "/dev/video7");
    assert_found("video7", "/dev/video7");
    assert_found("by-id/usb-046d_C920-video-index0", "/links/by-id/usb-046d_C920-video-index0");
    assert_found("by-path/pci-0000:00", "/links/by-path/pci-0000:00");
    assert_found("HD Pro Webcam C920", "/dev/video2"); // the first of two
    assert_found("integrated", "/dev/video0");         // not its metadata
    assert_found("webcam c9", "/dev/video3");          // the whole name before a part of one
}

static void an_unknown_camera_is_refused_with_a_list_of_those_there_are(void **state)
{
    (void)state;
    char path[PATH_MAX];
    struct mc_error err = { 0 };
    assert_false(pipeline_v4l2_find("C270", sysfs, "/links", path, sizeof path, &err));
    assert_string_equal(err.message,
                        "no camera 'C270'; connected: Integrated Camera: Integrated C, "
                        "HD Pro Webcam C920, Webcam C9, HD Pro Webcam C920");
    assert_false(pipeline_v4l2_find("C270", "/nowhere", "/links", path, sizeof path, &err));
    assert_string_equal(err.message, "no camera 'C270': none is connected");
    assert_false(pipeline_v4l2_find("by-id/long", sysfs, "/links", path, 8, &err));
    assert_non_null(strstr(err.message, "too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_camera_may_be_named_in_many_ways),
        cmocka_unit_test(an_unknown_camera_is_refused_with_a_list_of_those_there_are),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
