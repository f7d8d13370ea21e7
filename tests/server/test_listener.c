// The listening socket: one that an earlier server left is replaced; one in use, or a file
// of another type, stays. Of servers that start at once only one listens.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/listener.h"

static uv_loop_t loop;
static char directory[] = "/tmp/mocapd-test-XXXXXX";
static char path[64], lock_path[80];
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

static void a_stale_socket_is_replaced(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bind_other(SOCK_STREAM);
    assert_true(opens(&err));
    assert_int_not_equal(access(path, F_OK), 0); // and goes with its server
    assert_int_not_equal(access(lock_path, F_OK), 0);
}

static void a_socket_in_use_stays(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bind_other(SOCK_STREAM);
    assert_int_equal(listen(other, 4), 0);
    assert_false(opens(&err));
    assert_non_null(strstr(err.message, "another mocapd listens there"));
    assert_int_equal(access(path, F_OK), 0);
}

// It listens all the same.
static void a_socket_with_a_full_backlog_stays(void **state)
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

static void a_datagram_socket_gets_its_own_error(void **state)
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

// Somebody else's socket, in a directory that all may write to. Root may always connect.
static void a_socket_without_permission_gets_its_own_error(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bind_other(SOCK_STREAM);
    assert_int_equal(listen(other, 4), 0);
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(directory, 0777), 0);
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
    assert_non_null(strstr(err.message, "cannot tell whether"));
}

static void a_file_of_another_type_stays(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_false(opens(&err));
    assert_non_null(strstr(err.message, "must be a socket"));
    assert_int_equal(access(path, F_OK), 0);
}

// Another server is between its lock and its bind: the stale socket is its to replace.
static void a_lock_that_is_held_keeps_other_servers_out(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bind_other(SOCK_STREAM);
    int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_false(opens(&err));
    assert_non_null(strstr(err.message, "another mocapd listens there"));
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(unlink(path), 0); // nor is a path without a socket free
    assert_false(opens(&err));
    close(fd); // as when its process is killed: the file stays, the lock does not
    assert_true(opens(&err));
}

// A server that has removed its lock file no longer protects the name.
static void a_listener_holds_its_lock_until_it_is_closed(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    struct server_listener server = { .on_connection = on_connection };
    assert_true(server_listener_open(&server, &loop, path, &err));
    struct stat file;
    assert_int_equal(stat(lock_path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    int fd = open(lock_path, O_RDWR | O_CLOEXEC);
    assert_int_not_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    server_listener_close(&server);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_true(opens(&err)); // a lock on the removed file is nobody's
    close(fd);
}

static void a_lock_file_that_is_not_ours_is_refused(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    char target[80];
    snprintf(target, sizeof target, "%s/target", directory);
    assert_int_equal(symlink(target, lock_path), 0);
    assert_false(opens(&err));
    assert_non_null(strstr(err.message, lock_path));
    assert_int_not_equal(access(target, F_OK), 0); // not followed
    unlink(lock_path);
    assert_int_equal(mkfifo(lock_path, 0600), 0);
    assert_false(opens(&err));
    assert_non_null(strstr(err.message, "must be a regular file"));
    unlink(lock_path);
    if (geteuid() == 0) {
        close(open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        assert_int_equal(chown(lock_path, 65534, (gid_t)-1), 0);
        assert_false(opens(&err));
        assert_non_null(strstr(err.message, "must belong to uid 0, got uid 65534"));
    }
}

// Waits until all may start, opens the listener, and keeps it open until asked to end.
static void start_server(int start_fd, int result_fd)
{
    struct mc_error err = { 0 };
    struct server_listener server = { .on_connection = on_connection };
    uv_loop_t own;
    char byte;
    uv_loop_init(&own);
    ssize_t count = read(start_fd, &byte, 1); // 0: the other end is closed
    bool good = count == 0 && server_listener_open(&server, &own, path, &err);
    byte = good ? 'y' : 'n';
    count = write(result_fd, &byte, 1);
    pause();
    _exit(0);
}

static void of_servers_that_start_at_once_one_listens(void **state)
{
    (void)state;
    enum { ROUNDS = 30, SERVERS = 4 };
    for (int round = 0; round < ROUNDS; round++) {
        int begin[2], results[2], listening = 0;
        pid_t servers[SERVERS];
        bind_other(SOCK_STREAM); // stale: all of them want to replace it
        close(other);
        other = -1;
        assert_int_equal(pipe(begin), 0);
        assert_int_equal(pipe(results), 0);
        for (int i = 0; i < SERVERS; i++) {
            servers[i] = fork();
            assert_true(servers[i] >= 0);
            if (servers[i] == 0) {
                close(begin[1]);
                start_server(begin[0], results[1]);
            }
        }
        close(begin[0]);
        close(begin[1]);
        for (int i = 0; i < SERVERS; i++) {
            char answer;
            assert_int_equal(read(results[0], &answer, 1), 1);
            listening += answer == 'y';
        }
        for (int i = 0; i < SERVERS; i++) {
            kill(servers[i], SIGKILL);
            waitpid(servers[i], NULL, 0);
        }
        close(results[0]);
        close(results[1]);
        assert_int_equal(listening, 1);
        unlink(path);
    }
}

static int tear_down(void **state)
{
    (void)state;
    if (other >= 0) {
        close(other);
        other = -1;
    }
    unlink(path);
    unlink(lock_path);
    return 0;
}

static int set_up_group(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL || chmod(directory, 0755) != 0) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/sock", directory);
    snprintf(lock_path, sizeof lock_path, "%s.lock", path);
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
        TEST(a_stale_socket_is_replaced),
        TEST(a_socket_in_use_stays),
        TEST(a_socket_with_a_full_backlog_stays),
        TEST(a_datagram_socket_gets_its_own_error),
        TEST(a_socket_without_permission_gets_its_own_error),
        TEST(a_file_of_another_type_stays),
        TEST(a_lock_that_is_held_keeps_other_servers_out),
        TEST(a_listener_holds_its_lock_until_it_is_closed),
        TEST(a_lock_file_that_is_not_ours_is_refused),
        TEST(of_servers_that_start_at_once_one_listens),
    };
    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
