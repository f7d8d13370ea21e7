// What a client renews after a reconnect: the server, played here, grants whatever is
// asked and keeps each connection's requests.
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/endpoint.h"
#include "protocol/mocap.h"
#include "tests/protocol/listening.h"

#define HELLO                                                                                      \
    "{\"type\":\"hello\",\"protocol\":[1,0],\"server\":\"test\",\"boot_id\":\"b\","                \
    "\"streams\":[\"a\",\"b\",\"c\"],\"encodings\":[\"json\"]}\n"

enum { GUARD_MS = 20000, CONNECTIONS = 2 };

static struct listening listening;
static pthread_t thread;
static bool is_late; // the first connection's replies wait for the gate
static sem_t gate;
static char requests[CONNECTIONS][4096]; // of each connection, line after line

static void grant(int fd, const char *request)
{
    char reply[256];
    const char *id = strstr(request, "\"id\":");
    const bool is_more = strstr(request, "\"unsubscribe\"") == NULL;
    snprintf(reply, sizeof reply,
             "{\"type\":\"%s\",\"id\":%d,\"streams\":[],\"mode\":\"latest\","
             "\"encoding\":\"json\"}\n",
             is_more ? "subscribed" : "unsubscribed", atoi(id + strlen("\"id\":")));
    send(fd, reply, strlen(reply), MSG_NOSIGNAL);
}

static void *serve(void *argument)
{
    (void)argument;
    for (int i = 0; i < CONNECTIONS; i++) {
        int fd = accept(listening.fd, NULL, NULL);
        send(fd, HELLO, strlen(HELLO), MSG_NOSIGNAL);
        FILE *lines = fdopen(fd, "r");
        char line[1024];
        requests[i][0] = '\0';
        while (fgets(line, sizeof line, lines) != NULL) {
            strncat(requests[i], line, sizeof requests[i] - strlen(requests[i]) - 1);
            if (is_late && i == 0) {
                sem_wait(&gate);
            }
            grant(fd, line);
        }
        fclose(lines);
    }
    return NULL;
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

static struct mocap_client *begin(void)
{
    struct mocap_error err;
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    return client;
}

static void subscribe(struct mocap_client *client, const char *stream, double max_rate)
{
    const struct mocap_options options = { .stream = stream, .max_rate = max_rate };
    assert_true(mocap_subscribe(client, &options, GUARD_MS, NULL));
}

// Connects again: asks for what wanted says, and for nothing else.
static void assert_renewed(struct mocap_client *client, const char *wanted)
{
    struct mocap_error err;
    assert_true(mocap_reconnect(client, GUARD_MS, &err));
    mocap_close(client);
    pthread_join(thread, NULL);
    assert_string_equal(requests[1], wanted);
}

// Of all at 30 records a second, and of a at 5.
static void assert_left(const char *unsubscribed, const char *wanted)
{
    struct mocap_client *client = begin();
    subscribe(client, NULL, 30);
    subscribe(client, "a", 5);
    assert_true(mocap_unsubscribe(client, unsubscribed, GUARD_MS, NULL));
    assert_renewed(client, wanted);
}

static void unsubscribing_from_one_leaves_anothers_options(void **state)
{
    (void)state;
    assert_left("b", "{\"type\":\"subscribe\",\"id\":4,\"stream\":\"c\",\"max_rate\":30.000}\n"
                     "{\"type\":\"subscribe\",\"id\":5,\"stream\":\"a\",\"max_rate\":5.000}\n");
}

static void unsubscribing_from_one_that_was_named_leaves_the_rest(void **state)
{
    (void)state;
    assert_left("a", "{\"type\":\"subscribe\",\"id\":4,\"stream\":\"b\",\"max_rate\":30.000}\n"
                     "{\"type\":\"subscribe\",\"id\":5,\"stream\":\"c\",\"max_rate\":30.000}\n");
}

static void subscribing_to_all_replaces_what_was_before(void **state)
{
    (void)state;
    struct mocap_client *client = begin();
    subscribe(client, "a", 5);
    subscribe(client, NULL, 30);
    assert_renewed(client, "{\"type\":\"subscribe\",\"id\":3,\"max_rate\":30.000}\n");
}

// A reply that comes after the time-out takes effect as one in time.
static void what_is_granted_late_is_renewed(void **state)
{
    (void)state;
    struct mocap_message message;
    struct mocap_error err;
    is_late = true;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    struct mocap_client *client = begin();
    assert_false(mocap_subscribe(client, &(struct mocap_options){ .stream = "a" }, 5, &err));
    assert_false(mocap_subscribe(client, &(struct mocap_options){ .stream = "b" }, 5, &err));
    assert_false(mocap_unsubscribe(client, "a", 5, &err));
    for (int i = 0; i < 3; i++) {
        sem_post(&gate);
        assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
        assert_int_equal(message.type, MOCAP_REPLY);
    }
    is_late = false;
    assert_renewed(client, "{\"type\":\"subscribe\",\"id\":4,\"stream\":\"b\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsubscribing_from_one_leaves_anothers_options),
        cmocka_unit_test(unsubscribing_from_one_that_was_named_leaves_the_rest),
        cmocka_unit_test(subscribing_to_all_replaces_what_was_before),
        cmocka_unit_test(what_is_granted_late_is_renewed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
