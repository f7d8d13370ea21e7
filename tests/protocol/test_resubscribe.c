// What a client renews after a reconnect: the server, played here, grants whatever is
// asked, but for streams that are gone, and keeps each connection's requests.
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

enum { GUARD_MS = 20000, CONNECTIONS_MAX = 3 };

static struct listening listening;
static pthread_t thread;
static bool is_late; // the first connection's replies wait for the gate
static sem_t gate;
static int connections = 2;                   // that the server takes
static const char *gone[CONNECTIONS_MAX];     // by connection: a stream that is refused, or NULL
static const char *news;                      // a message before the reply to a ping, or NULL
static char requests[CONNECTIONS_MAX][16384]; // of each connection, line after line

// Refuses a stream that is gone, and answers a ping. False: the request is another one.
static bool answer(int fd, const char *request, const char *refused)
{
    char reply[256], field[64];
    const char *id = strstr(request, "\"id\":");
    snprintf(field, sizeof field, "\"stream\":\"%s\"", refused == NULL ? "" : refused);
    if (strstr(request, "\"ping\"") != NULL) {
        snprintf(reply, sizeof reply, "%s{\"type\":\"pong\",\"id\":%d}\n", news == NULL ? "" : news,
                 atoi(id + strlen("\"id\":")));
    } else if (refused != NULL && strstr(request, field) != NULL) {
        snprintf(
            reply, sizeof reply,
            "{\"type\":\"error\",\"id\":%d,\"code\":\"unknown-stream\",\"message\":\"gone\"}\n",
            atoi(id + strlen("\"id\":")));
    } else {
        return false;
    }
    send(fd, reply, strlen(reply), MSG_NOSIGNAL);
    return true;
}

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
    for (int i = 0; i < connections; i++) {
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
            if (!answer(fd, line, gone[i])) {
                grant(fd, line);
            }
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

static void end(struct mocap_client *client)
{
    mocap_close(client);
    pthread_join(thread, NULL);
}

// Connects again: asks for what wanted says, and for nothing else.
static void assert_renewed(struct mocap_client *client, const char *wanted)
{
    struct mocap_error err;
    assert_true(mocap_reconnect(client, GUARD_MS, &err));
    end(client);
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

// However it was asked for.
static void what_was_subscribed_to_by_a_request_is_renewed(void **state)
{
    (void)state;
    struct mocap_message message;
    struct mocap_client *client = begin();
    assert_int_equal(mocap_request_json(client,
                                        "{\"type\":\"subscribe\",\"stream\":\"a\",\"max_rate\":5}",
                                        GUARD_MS, &message, NULL),
                     MOCAP_MESSAGE);
    subscribe(client, "b", 6);
    assert_int_equal(mocap_request(client, "subscribe", "c", GUARD_MS, &message, NULL),
                     MOCAP_MESSAGE);
    assert_int_equal(mocap_request(client, "unsubscribe", "b", GUARD_MS, &message, NULL),
                     MOCAP_MESSAGE);
    assert_renewed(client, "{\"type\":\"subscribe\",\"id\":5,\"stream\":\"a\",\"max_rate\":5.000}\n"
                           "{\"type\":\"subscribe\",\"id\":6,\"stream\":\"c\"}\n");
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

// The refusal is there for the program, with the name of the stream; and it is not asked for again.
static void a_stream_that_is_gone_costs_no_other(void **state)
{
    (void)state;
    struct mocap_message message;
    struct mocap_error err;
    connections = 3;
    gone[1] = "b";
    struct mocap_client *client = begin();
    subscribe(client, "a", 5);
    subscribe(client, "b", 6);
    subscribe(client, "c", 7);
    assert_true(mocap_reconnect(client, GUARD_MS, &err));
    assert_int_equal(err.code, MOCAP_ERROR_NONE);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_REFUSAL);
    assert_string_equal(message.code, "unknown-stream");
    assert_string_equal(message.stream, "b");
    assert_string_equal(message.reason, "gone");
    assert_int_equal(mocap_next(client, 0, &message, &err), MOCAP_TIMEOUT);
    assert_true(mocap_reconnect(client, GUARD_MS, &err));
    end(client);
    assert_string_equal(requests[1],
                        "{\"type\":\"subscribe\",\"id\":4,\"stream\":\"a\",\"max_rate\":5.000}\n"
                        "{\"type\":\"subscribe\",\"id\":5,\"stream\":\"b\",\"max_rate\":6.000}\n"
                        "{\"type\":\"subscribe\",\"id\":6,\"stream\":\"c\",\"max_rate\":7.000}\n");
    assert_string_equal(requests[2],
                        "{\"type\":\"subscribe\",\"id\":7,\"stream\":\"a\",\"max_rate\":5.000}\n"
                        "{\"type\":\"subscribe\",\"id\":8,\"stream\":\"c\",\"max_rate\":7.000}\n");
    gone[1] = NULL;
    connections = 2;
}

// A program that follows one stream does not wait for nothing, and may try until it is back.
static void with_nothing_left_reconnecting_fails_and_may_be_tried_again(void **state)
{
    (void)state;
    struct mocap_message message;
    struct mocap_error err;
    connections = 3;
    gone[1] = "b";
    struct mocap_client *client = begin();
    subscribe(client, "b", 6);
    assert_false(mocap_reconnect(client, GUARD_MS, &err));
    assert_int_equal(err.code, MOCAP_ERROR_ARGUMENT);
    assert_string_equal(err.message, "subscribe: gone");
    assert_int_equal(mocap_fd(client), -1);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_CLOSED);
    assert_true(mocap_reconnect(client, GUARD_MS, &err));
    end(client);
    assert_string_equal(requests[2],
                        "{\"type\":\"subscribe\",\"id\":3,\"stream\":\"b\",\"max_rate\":6.000}\n");
    gone[1] = NULL;
    connections = 2;
}

// Lets the server say which streams there are, and the client read it.
static void hear_of_streams(struct mocap_client *client, const char *streams, int count)
{
    struct mocap_message message;
    news = streams;
    assert_int_equal(mocap_request(client, "ping", NULL, GUARD_MS, &message, NULL), MOCAP_MESSAGE);
    news = NULL;
    assert_int_equal(mocap_server(client)->stream_count, count);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, NULL), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_STREAMS);
}

static void remove_b(struct mocap_client *client)
{
    hear_of_streams(client, "{\"type\":\"streams\",\"streams\":[\"a\",\"c\"]}\n", 2);
}

// A daemon that was started again may have the stream again.
static void what_was_subscribed_to_a_removed_stream_is_renewed(void **state)
{
    (void)state;
    struct mocap_client *client = begin();
    subscribe(client, "b", 6);
    remove_b(client);
    assert_renewed(client,
                   "{\"type\":\"subscribe\",\"id\":3,\"stream\":\"b\",\"max_rate\":6.000}\n");
}

// On the same connection the program decides, when it is told: it may want other options.
static void a_stream_that_is_added_again_waits_for_the_program(void **state)
{
    (void)state;
    struct mocap_client *client = begin();
    subscribe(client, "b", 6);
    remove_b(client);
    hear_of_streams(client, "{\"type\":\"streams\",\"streams\":[\"a\",\"c\",\"b\"]}\n", 3);
    subscribe(client, "b", 8);
    assert_renewed(client,
                   "{\"type\":\"subscribe\",\"id\":5,\"stream\":\"b\",\"max_rate\":8.000}\n");
    assert_string_equal(requests[0],
                        "{\"type\":\"subscribe\",\"id\":1,\"stream\":\"b\",\"max_rate\":6.000}\n"
                        "{\"type\":\"ping\",\"id\":2}\n"
                        "{\"type\":\"ping\",\"id\":3}\n"
                        "{\"type\":\"subscribe\",\"id\":4,\"stream\":\"b\",\"max_rate\":8.000}\n");
}

static void a_removed_stream_that_is_not_back_is_dropped(void **state)
{
    (void)state;
    struct mocap_message message;
    struct mocap_error err;
    connections = 3;
    gone[1] = "b";
    struct mocap_client *client = begin();
    subscribe(client, "b", 6);
    subscribe(client, "c", 7);
    remove_b(client);
    assert_true(mocap_reconnect(client, GUARD_MS, &err));
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_REFUSAL);
    assert_string_equal(message.code, "unknown-stream");
    assert_string_equal(message.stream, "b");
    assert_true(mocap_reconnect(client, GUARD_MS, &err));
    end(client);
    assert_string_equal(requests[2],
                        "{\"type\":\"subscribe\",\"id\":6,\"stream\":\"c\",\"max_rate\":7.000}\n");
    gone[1] = NULL;
    connections = 2;
}

// The server refuses the request, as it has no such stream; that is no reason to follow it again.
static void a_removed_stream_may_be_unsubscribed_from(void **state)
{
    (void)state;
    struct mocap_error err;
    struct mocap_client *client = begin();
    subscribe(client, "b", 6);
    subscribe(client, "c", 7);
    remove_b(client);
    gone[0] = "b";
    assert_false(mocap_unsubscribe(client, "b", GUARD_MS, &err));
    assert_string_equal(err.message, "unsubscribe: gone");
    gone[0] = NULL;
    assert_renewed(client,
                   "{\"type\":\"subscribe\",\"id\":5,\"stream\":\"c\",\"max_rate\":7.000}\n");
}

// Those to streams that came and went do not push out one to a stream that is there.
static void subscriptions_to_removed_streams_are_bounded(void **state)
{
    (void)state;
    enum { STREAMS = 200, KEPT = 64 };
    struct mocap_error err;
    char name[16];
    struct mocap_client *client = begin();
    subscribe(client, "c", 7);
    for (int i = 0; i < STREAMS; i++) {
        snprintf(name, sizeof name, "s%d", i);
        subscribe(client, name, 6);
    }
    assert_true(mocap_reconnect(client, GUARD_MS, &err));
    end(client);
    int count = 0;
    for (const char *at = requests[1]; (at = strchr(at, '\n')) != NULL; at++) {
        count++;
    }
    assert_int_equal(count, 1 + KEPT);
    assert_non_null(strstr(requests[1], "\"stream\":\"c\""));
    assert_non_null(strstr(requests[1], "\"stream\":\"s136\""));
    assert_null(strstr(requests[1], "\"stream\":\"s135\""));
}

static void all_streams_stay_subscribed_to_when_some_are_removed(void **state)
{
    (void)state;
    struct mocap_message message;
    news = "{\"type\":\"streams\",\"streams\":[]}\n";
    struct mocap_client *client = begin();
    subscribe(client, NULL, 6);
    assert_int_equal(mocap_request(client, "ping", NULL, GUARD_MS, &message, NULL), MOCAP_MESSAGE);
    news = NULL;
    assert_renewed(client, "{\"type\":\"subscribe\",\"id\":3,\"max_rate\":6.000}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsubscribing_from_one_leaves_anothers_options),
        cmocka_unit_test(unsubscribing_from_one_that_was_named_leaves_the_rest),
        cmocka_unit_test(what_was_subscribed_to_by_a_request_is_renewed),
        cmocka_unit_test(subscribing_to_all_replaces_what_was_before),
        cmocka_unit_test(what_is_granted_late_is_renewed),
        cmocka_unit_test(a_stream_that_is_gone_costs_no_other),
        cmocka_unit_test(with_nothing_left_reconnecting_fails_and_may_be_tried_again),
        cmocka_unit_test(what_was_subscribed_to_a_removed_stream_is_renewed),
        cmocka_unit_test(a_stream_that_is_added_again_waits_for_the_program),
        cmocka_unit_test(a_removed_stream_that_is_not_back_is_dropped),
        cmocka_unit_test(a_removed_stream_may_be_unsubscribed_from),
        cmocka_unit_test(subscriptions_to_removed_streams_are_bounded),
        cmocka_unit_test(all_streams_stay_subscribed_to_when_some_are_removed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
