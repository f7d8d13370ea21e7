// What a process under the sandbox of a decoder may do.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/isolate/sandbox.h"

// How a process ends that enters the sandbox and then does it: a wait status.
static int run_in_sandbox(enum pipeline_url_kind kind, bool open, bool reconnects, int (*act)(void))
{
    const pid_t pid = fork();
    if (pid == 0) {
        if (!pipeline_sandbox_enter(kind, SIZE_MAX, NULL) ||
            (open && !pipeline_sandbox_tighten(reconnects, NULL))) {
            _exit(99);
        }
        _exit(act());
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int open_tcp(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 1;
}

static int open_local(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 1;
}

static int run_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return 1;
}

static char writable[] = "/tmp/mocapd-test-XXXXXX"; // a file, outside of the sandbox

static int write_file(void)
{
    return fopen(writable, "w") != NULL ? 0 : 1;
}

static int read_file(void)
{
    return fopen("/etc/hostname", "r") != NULL || fopen("/etc/passwd", "r") != NULL ? 0 : 1;
}

static int start_process(void)
{
    return fork() >= 0 ? 0 : 1;
}

static int signal_other(void)
{
    return kill(getppid(), 0) == 0 ? 0 : 1;
}

static void assert_exits(int status, int code)
{
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static void assert_stopped(int status)
{
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void the_sandbox_allows_what_a_source_needs(void **state)
{
    (void)state;
    assert_exits(run_in_sandbox(PIPELINE_URL_RTSP, false, false, open_tcp), 0);
    assert_exits(run_in_sandbox(PIPELINE_URL_NETWORK, true, true, open_tcp), 0);
    assert_exits(run_in_sandbox(PIPELINE_URL_FILE, true, false, read_file), 0);
}

static int make_writable(void **state)
{
    (void)state;
    const int fd = mkstemp(writable);
    return fd < 0 ? -1 : close(fd);
}

static int remove_writable(void **state)
{
    (void)state;
    return unlink(writable);
}

static void the_sandbox_refuses_all_else(void **state)
{
    (void)state;
    assert_int_equal(write_file(), 0); // here
    assert_stopped(run_in_sandbox(PIPELINE_URL_RTSP, true, false, open_tcp));
    assert_stopped(run_in_sandbox(PIPELINE_URL_FILE, true, false, open_tcp));
    assert_stopped(run_in_sandbox(PIPELINE_URL_RTSP, false, false, run_program));
    assert_exits(run_in_sandbox(PIPELINE_URL_FILE, false, false, open_tcp), 1);
    assert_exits(run_in_sandbox(PIPELINE_URL_RTSP, false, false, open_local), 1);
    assert_exits(run_in_sandbox(PIPELINE_URL_FILE, false, false, write_file), 1);
    assert_exits(run_in_sandbox(PIPELINE_URL_V4L2, true, false, write_file), 1);
    assert_exits(run_in_sandbox(PIPELINE_URL_FILE, false, false, start_process), 1);
    assert_exits(run_in_sandbox(PIPELINE_URL_FILE, false, false, signal_other), 1);
}

static int fill_the_kernel(void)
{
    struct mc_error err = { 0 };
    for (int i = 0; i < 10000; i++) {
        if (!pipeline_sandbox_tighten(false, &err)) {
            return err.detail == ENOMEM && strstr(err.message, "Cannot allocate memory") != NULL
                       ? 0
                       : 1;
        }
    }
    return 2;
}

static void what_the_kernel_says_of_a_filter_is_told(void **state)
{
    (void)state;
    assert_exits(run_in_sandbox(PIPELINE_URL_FILE, false, false, fill_the_kernel), 0);
}

int main(void)
{
    if (run_in_sandbox(PIPELINE_URL_FILE, true, false, read_file) != 0) {
        puts("skipped: the kernel, or an emulator, has no seccomp filters");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sandbox_allows_what_a_source_needs),
        cmocka_unit_test_setup_teardown(the_sandbox_refuses_all_else, make_writable,
                                        remove_writable),
        cmocka_unit_test(what_the_kernel_says_of_a_filter_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
