// Following a daemon, played here by a thread, that does not stay.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/protocol/listening.h"
#include "tools/follow.h"

#define HELLO                                                                                      \
    "{\"type\":\"hello\",\"protocol\":[1,0],\"server\":\"test\",\"boot_id\":\"b\","                \
    "\"streams\":[\"main\"],\"encodings\":[\"json\"]}\n"
#define SUBSCRIBED                                                                                 \
    "{\"type\":\"subscribed\",\"id\":1,\"streams\":[\"main\"],\"mode\":\"latest\",\"encoding\":"   \
    "\"json\"}\n"

enum { CONNECTIONS = 5 };

static struct listening listening;

static void *grant_and_close(void *argument)
{
    (void)argument;
    for (int i = 0; i < CONNECTIONS; i++) {
        char request[1024];
        int fd = accept(listening.fd, NULL, NULL);
        send(fd, HELLO, strlen(HELLO), MSG_NOSIGNAL);
        if (read(fd, request, sizeof request) > 0) {
            send(fd, SUBSCRIBED, strlen(SUBSCRIBED), MSG_NOSIGNAL);
        }
        close(fd);
    }
    return NULL;
}

// A daemon that grants and closes is not asked again without pause: the waits double.
static void short_connections_are_made_less_and_less_often(void **state)
{
    (void)state;
    struct mc_error err;
    struct mocap_message message;
    pthread_t thread;
    int connected = 0, lost = 0;
    const struct follow_options options = { .socket = listening.path };
    struct follow *follow = follow_create(&options, &err);
    assert_non_null(follow);
    assert_int_equal(pthread_create(&thread, NULL, grant_and_close, NULL), 0);
    const int64_t start_ns = mc_clock_now_ns();
    while (lost < CONNECTIONS) {
        enum follow_event event = follow_next(follow, &message);
        connected += event == FOLLOW_CONNECTED;
        lost += event == FOLLOW_LOST;
    }
    // A lower bound: a slow machine only takes longer.
    assert_true(mc_clock_now_ns() - start_ns >= (20 + 40 + 80 + 160) * MC_NS_PER_MS);
    assert_int_equal(connected, CONNECTIONS);
    pthread_join(thread, NULL);
    follow_destroy(follow);
}

static int setup(void **state)
{
    (void)state;
    return listening_begin(&listening);
}

static int teardown(void **state)
{
    (void)state;
    return listening_end(&listening);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_connections_are_made_less_and_less_often),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
