#include <setjmp.h>
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

#include "daemon/notify.h"

// A socket like that of systemd; an abstract one if its name begins with @.
static int manager(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, length), 0);
    return fd;
}

static void check_name(const char *name)
{
    char said[64] = "";
    int fd = manager(name);
    setenv("NOTIFY_SOCKET", name, 1);
    assert_true(daemon_notify("READY=1"));
    assert_int_equal(recv(fd, said, sizeof said - 1, MSG_DONTWAIT), 7);
    assert_string_equal(said, "READY=1");
    close(fd);
    assert_false(daemon_notify("READY=1")); // nobody listens any more
}

static void the_service_manager_gets_messages(void **state)
{
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "/tmp/mocapd-test-notify-%d", (int)getpid());
    check_name(name);
    unlink(name);
    snprintf(name, sizeof name, "@mocapd-test-notify-%d", (int)getpid());
    check_name(name);
}

static void without_a_manager_nothing_happens(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_false(daemon_notify("READY=1"));
    setenv("NOTIFY_SOCKET", "relative", 1);
    assert_false(daemon_notify("READY=1"));
    char name[300];
    memset(name, 'x', sizeof name - 1);
    name[0] = '/';
    name[sizeof name - 1] = '\0';
    setenv("NOTIFY_SOCKET", name, 1);
    assert_false(daemon_notify("READY=1"));
}

static void the_watchdog_is_fed_twice_an_interval(void **state)
{
    (void)state;
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    assert_int_equal(daemon_notify_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "10000000", 1);
    assert_int_equal(daemon_notify_watchdog_ms(), 5000);
    setenv("WATCHDOG_PID", "1", 1); // meant for another process
    assert_int_equal(daemon_notify_watchdog_ms(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_manager_gets_messages),
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(the_watchdog_is_fed_twice_an_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
