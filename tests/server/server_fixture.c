#include "tests/server/server_fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/listener.h"

enum { GUARD_S = 120 }; // only a test that fails lasts that long

uv_loop_t loop;
struct server_publisher *publisher;
char path[64];
static struct server_listener server;
static char directory[] = "/tmp/mocapd-test-XXXXXX";

static void on_subscribed(void *user, int count)
{
    (void)user;
    (void)count;
}

static void on_finished(void *user)
{
    (void)user;
}

static void on_connection(void *user, uv_stream_t *listener)
{
    (void)user;
    server_publisher_accept(publisher, listener);
}

struct server_publisher_callbacks server_fixture_callbacks = { .on_subscribed = on_subscribed,
                                                               .on_finished = on_finished };

void server_fixture_start(const struct server_limits *limits)
{
    static const char streams[1][64] = { "m" };
    const struct server_publisher_options options = {
        .server = "test", .streams = streams, .stream_count = 1, .limits = *limits
    };
    struct mc_error err = { 0 };
    assert_int_equal(uv_loop_init(&loop), 0);
    publisher = server_publisher_create(&loop, &options, &server_fixture_callbacks, &err);
    assert_non_null(publisher);
    server = (struct server_listener){ .on_connection = on_connection };
    if (!server_listener_open(&server, &loop, path, &err)) {
        fail_msg("%s", err.message);
    }
}

void server_fixture_spin(void)
{
    for (int i = 0; i < 20; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
}

int server_fixture_join(const char *requests)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, requests, strlen(requests)), strlen(requests));
    server_fixture_spin();
    return fd;
}

void server_fixture_stop(void)
{
    server_listener_close(&server);
    server_publisher_finish(publisher);
    uv_run(&loop, UV_RUN_DEFAULT);
    server_publisher_destroy(publisher);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int server_fixture_set_up(void **state)
{
    (void)state;
    alarm(GUARD_S);
    signal(SIGPIPE, SIG_IGN); // as the daemon does
    if (mkdtemp(directory) == NULL) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/s", directory);
    return 0;
}

int server_fixture_tear_down(void **state)
{
    (void)state;
    return rmdir(directory); // the socket is gone: else this fails
}
