// Knocking at a port of this machine that is opened and closed.
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/error.h>

#include "base/clock.h"
#include "base/error.h"
#include "pipeline/source/probe.h"
#include "pipeline/source/stop.h"

static struct pipeline_stop stop;
static struct sockaddr_in address;
static char url[64];

static int connect_ms = -1; // how long a refusal takes; negative: as usual
static int connects;

int connect(int fd, __CONST_SOCKADDR_ARG where, socklen_t size)
{
    int (*usual)(int, __CONST_SOCKADDR_ARG, socklen_t);
    *(void **)&usual = dlsym(RTLD_NEXT, "connect");
    if (connect_ms < 0) {
        return usual(fd, where, size);
    }
    connects++;
    nanosleep(&(struct timespec){ .tv_nsec = connect_ms * MC_NS_PER_MS }, NULL);
    errno = ECONNREFUSED;
    return -1;
}

// Listens at the address; at port 0 one that is free, which stays.
static int listen_there(void)
{
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, sizeof url, "rtsp://127.0.0.1:%d/live", ntohs(address.sin_port));
    return fd;
}

static int set_up(void **state)
{
    (void)state;
    address =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    assert_true(pipeline_stop_init(&stop, NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pipeline_stop_finish(&stop);
    return 0;
}

static void a_server_that_refused_is_back_when_it_listens(void **state)
{
    (void)state;
    const struct mc_error refused = { MC_ERROR_MEDIA, AVERROR(ECONNREFUSED), "" };
    struct pipeline_probe probe;
    close(listen_there());
    pipeline_probe_begin(&probe, url, &refused);
    assert_false(pipeline_probe(&probe, &stop));
    int fd = listen_there();
    assert_true(pipeline_probe(&probe, &stop));
    close(fd);
}

// The connection ended: it is not known yet whether the other side is gone.
static void a_server_that_hung_up_is_back_once_it_was_unreachable(void **state)
{
    (void)state;
    const struct mc_error ended = { MC_ERROR_MEDIA, AVERROR_EOF, "" };
    struct pipeline_probe probe;
    int fd = listen_there();
    pipeline_probe_begin(&probe, url, &ended);
    assert_false(pipeline_probe(&probe, &stop)); // there all the time
    assert_false(pipeline_probe(&probe, &stop));
    close(fd);
    assert_false(pipeline_probe(&probe, &stop));
    fd = listen_there();
    assert_true(pipeline_probe(&probe, &stop));
    close(fd);
}

// A webcam named as in a URL: by udev's link, or by what it is called.
static void a_webcam_is_back_when_it_is_plugged_in(void **state)
{
    (void)state;
    char folder[] = "/tmp/mocapd-test-XXXXXX", by_id[64], camera[64];
    const struct mc_error ended = { MC_ERROR_MEDIA, AVERROR_EOF, "" };
    static const char *const urls[] = { "v4l2:by-id/cam?size=640x480", "v4l2:C920" };
    assert_non_null(mkdtemp(folder));
    snprintf(by_id, sizeof by_id, "%s/by-id", folder);
    snprintf(camera, sizeof camera, "%s/by-id/cam", folder);
    for (int i = 0; i < 2; i++) {
        struct pipeline_probe probe;
        pipeline_probe_begin(&probe, urls[i], &ended);
        probe.links = probe.sysfs = folder;
        assert_true(probe.helps);
        assert_false(pipeline_probe(&probe, &stop));
        assert_true(probe.was_unreachable);
    }
    struct pipeline_probe probe;
    pipeline_probe_begin(&probe, urls[0], &ended);
    probe.links = folder;
    assert_false(pipeline_probe(&probe, &stop));
    assert_int_equal(mkdir(by_id, 0700), 0);
    assert_int_equal(symlink("/dev/null", camera), 0);
    assert_true(pipeline_probe(&probe, &stop));
    pipeline_probe_begin(&probe, urls[0], &ended);
    probe.links = folder;
    assert_false(pipeline_probe(&probe, &stop)); // there all the time
    assert_false(probe.was_unreachable);
    unlink(camera);
    rmdir(by_id);
    rmdir(folder);
}

static void files_are_not_probed(void **state)
{
    (void)state;
    const struct mc_error ended = { MC_ERROR_MEDIA, AVERROR_EOF, "" };
    struct pipeline_probe probe;
    pipeline_probe_begin(&probe, "/dev/null", &ended);
    assert_false(probe.helps);
    assert_false(pipeline_probe(&probe, &stop));
}

// They fill the wait, and neither stretch it nor follow one another at once.
static void slow_probes_leave_the_wait_as_long_as_it_is(void **state)
{
    (void)state;
    const struct mc_error refused = { MC_ERROR_MEDIA, AVERROR(ECONNREFUSED), "" };
    struct pipeline_probe probe;
    pipeline_probe_begin(&probe, url, &refused);
    connect_ms = 800;
    pipeline_probe_wait(&probe, &stop, mc_clock_now_ns() + 2 * MC_NS_PER_SECOND);
    connect_ms = -1;
    pipeline_probe_end(&probe);
    assert_true(connects <= 2);
}

static void a_wait_ends_when_the_source_is_back(void **state)
{
    (void)state;
    const struct mc_error refused = { MC_ERROR_MEDIA, AVERROR(ECONNREFUSED), "" };
    struct pipeline_probe probe;
    const int fd = listen_there();
    const int64_t until_ns = mc_clock_now_ns() + 3600 * MC_NS_PER_SECOND;
    pipeline_probe_begin(&probe, url, &refused);
    pipeline_probe_wait(&probe, &stop, until_ns);
    pipeline_probe_end(&probe);
    assert_true(mc_clock_now_ns() < until_ns);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_refused_is_back_when_it_listens),
        cmocka_unit_test(a_server_that_hung_up_is_back_once_it_was_unreachable),
        cmocka_unit_test(a_webcam_is_back_when_it_is_plugged_in),
        cmocka_unit_test(files_are_not_probed),
        cmocka_unit_test(slow_probes_leave_the_wait_as_long_as_it_is),
        cmocka_unit_test(a_wait_ends_when_the_source_is_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
