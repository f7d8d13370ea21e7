// The listening socket: what an earlier server left is replaced, what somebody uses or
// what isn't a server's socket stays.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/listener.h"

static uv_loop_t loop;
static char directory[] = "/tmp/mocapd-test-XXXXXX";
static char path[64];
static int other = -1; // somebody else's socket at path

static void on_connection(void *user, uv_stream_t *listener)
{
    (void)user;
    (void)listener;
}

// Whether a server opens at path; it is closed again.
static bool opens(struct mc_error *err)
{
    struct server_listener server = { .on_connection = on_connection };
    bool good = server_listener_open(&server, &loop, path, err);
    if (good) {
        assert_int_equal(access(path, F_OK), 0);
        server_listener_close(&server);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    return good;
}

static void bind_other(int type)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    other = socket(AF_UNIX, type, 0);
    assert_true(other >= 0);
    assert_int_equal(bind(other, (const struct sockaddr *)&address, sizeof address), 0);
}

static void a_socket_that_was_left_is_replaced(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bind_other(SOCK_STREAM);
    assert_true(opens(&err));
    assert_int_not_equal(access(path, F_OK), 0); // and goes with its server
}

static void who_listens_already_stays(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bind_other(SOCK_STREAM);
    assert_int_equal(listen(other, 4), 0);
    assert_false(opens(&err));
    assert_non_null(strstr(err.message, "another mocapd listens there"));
    assert_int_equal(access(path, F_OK), 0);
}

// Its queue of connections is full: it listens all the same.
static void who_is_too_busy_to_accept_stays(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    bind_other(SOCK_STREAM);
    assert_int_equal(listen(other, 0), 0);
    int waiting = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(waiting, (const struct sockaddr *)&address, sizeof address), 0);
    assert_false(opens(&err));
    assert_non_null(strstr(err.message, "another mocapd listens there"));
    close(waiting);
}

static void a_socket_of_another_kind_is_told_as_what_it_is(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bind_other(SOCK_DGRAM);
    assert_false(opens(&err));
    assert_null(strstr(err.message, "another mocapd"));
    assert_non_null(strstr(err.message, "Protocol wrong type for socket"));
    assert_int_equal(err.code, MC_ERROR_SYSTEM);
    assert_int_equal(access(path, F_OK), 0);
}

// Sockets of others that may not be connected to: only root may always.
static void one_that_may_not_be_asked_is_told_as_what_it_is(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bind_other(SOCK_STREAM);
    assert_int_equal(listen(other, 4), 0);
    assert_int_equal(chmod(path, 0), 0);
    uid_t user = geteuid();
    if (user == 0) {
        assert_int_equal(seteuid(65534), 0);
    }
    bool opened = opens(&err);
    if (user == 0) {
        assert_int_equal(seteuid(0), 0);
    }
    assert_false(opened);
    assert_null(strstr(err.message, "another mocapd"));
    assert_non_null(strstr(err.message, "Permission denied"));
}

static void what_is_no_socket_stays(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_false(opens(&err));
    assert_non_null(strstr(err.message, "is no socket"));
    assert_int_equal(access(path, F_OK), 0);
}

static int tear_down(void **state)
{
    (void)state;
    if (other >= 0) {
        close(other);
        other = -1;
    }
    unlink(path);
    return 0;
}

static int set_up_group(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL || chmod(directory, 0755) != 0) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/sock", directory);
    return uv_loop_init(&loop);
}

static int tear_down_group(void **state)
{
    (void)state;
    rmdir(directory);
    return uv_loop_close(&loop);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_socket_that_was_left_is_replaced),
        TEST(who_listens_already_stays),
        TEST(who_is_too_busy_to_accept_stays),
        TEST(a_socket_of_another_kind_is_told_as_what_it_is),
        TEST(one_that_may_not_be_asked_is_told_as_what_it_is),
        TEST(what_is_no_socket_stays),
    };
    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
