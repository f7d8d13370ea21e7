// Which processes have a device open, by a proc of this test's own.
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

#include "pipeline/source/device_holders.h"

static char proc[] = "/tmp/mocapd-test-XXXXXX";

static void add_process(int pid, const char *command, const char *open_file)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%d", proc, pid);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/%d/comm", proc, pid);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s\n", command);
    fclose(file);
    snprintf(path, sizeof path, "%s/%d/fd", proc, pid);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/%d/fd/7", proc, pid);
    assert_int_equal(symlink(open_file, path), 0);
}

static void remove_process(int pid)
{
    static const char *const names[] = { "fd/7", "fd", "comm", "" };
    for (int i = 0; i < 4; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%d/%s", proc, pid, names[i]);
        remove(path);
    }
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(proc));
    add_process(101, "cheese", "/dev/null");
    add_process(102, "cat", "/dev/zero");
    add_process(103, "obs", "/dev/null");
    add_process(getpid(), "mocapd", "/dev/null"); // not another one
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_process(101);
    remove_process(102);
    remove_process(103);
    remove_process(getpid());
    return rmdir(proc);
}

static const char *command_of(const struct pipeline_device_holder *holders, int count, int pid)
{
    for (int i = 0; i < count; i++) {
        if (holders[i].pid == pid) {
            return holders[i].command;
        }
    }
    return "none";
}

static void those_that_have_it_open_are_named(void **state)
{
    (void)state;
    struct pipeline_device_holder holders[4];
    assert_int_equal(pipeline_device_holders("/dev/null", proc, holders, 4), 2);
    assert_string_equal(command_of(holders, 2, 101), "cheese");
    assert_string_equal(command_of(holders, 2, 103), "obs");
    assert_int_equal(pipeline_device_holders("/dev/null", proc, holders, 1), 1);
    assert_int_equal(pipeline_device_holders("/dev/full", proc, holders, 4), 0);
    assert_int_equal(pipeline_device_holders("/dev/video97", proc, holders, 4), 0);
    assert_int_equal(pipeline_device_holders("/dev/null", "/nowhere", holders, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_have_it_open_are_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
