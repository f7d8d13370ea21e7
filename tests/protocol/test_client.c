// The client against a server played by the test: a thread that sends what the
// test asks for, in pieces of any size.
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "protocol/encode.h"
#include "protocol/endpoint.h"
#include "protocol/mocap.h"
#include "tests/protocol/listening.h"

#define HELLO                                                                                      \
    "{\"type\":\"hello\",\"protocol\":[1,3],\"server\":\"test\",\"boot_id\":\"b\","                \
    "\"streams\":[\"main\"],\"encodings\":[\"json\"],\"new\":1}\n"
#define STATE "{\"type\":\"state\",\"stream\":\"main\",\"state\":\"live\",\"reason\":\"\"}\n"
#define SUBSCRIBED                                                                                 \
    "{\"type\":\"subscribed\",\"id\":1,\"streams\":[\"main\"],\"mode\":\"latest\",\"encoding\":"   \
    "\"json\"}\n"
#define LATE_SUBSCRIBED                                                                            \
    "{\"type\":\"subscribed\",\"id\":1,\"streams\":[\"main\"],\"mode\":\"latest\",\"encoding\":"   \
    "\"cbor\"}\n"
#define REFUSED                                                                                    \
    "{\"type\":\"error\",\"id\":1,\"code\":\"unknown-stream\",\"message\":\"no such stream\"}\n"

enum { GUARD_MS = 20000 }; // only a test that fails waits that long

static struct listening listening;
static pthread_t thread;

// What the server does with its one connection.
static struct {
    const char *greeting;         // said at once
    const char *reply;            // said after the first request
    size_t piece;                 // bytes a write
    bool stay;                    // waits for the client to go; else it hangs up
    bool is_late;                 // the reply waits for the gate
    struct protocol_buffer after; // said after the reply: CBOR
    char request[256];            // what came
} script;
static sem_t gate;

static void say(int fd, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t count = send(fd, text, left < script.piece ? left : script.piece, MSG_NOSIGNAL);
        if (count < 0) {
            return; // the client went
        }
        text += count;
        left -= (size_t)count;
    }
}

// ---- a machine where the system's socket is the test's, and its user is not root

static bool system_is_played;

uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
    return system_is_played ? 1000 : __real_geteuid();
}

int __real_access(const char *file, int mode);
int __wrap_access(const char *file, int mode);
int __wrap_access(const char *file, int mode)
{
    const bool is_system = system_is_played && strcmp(file, PROTOCOL_ENDPOINT_SYSTEM) == 0;
    return __real_access(is_system ? listening.path : file, mode);
}

static bool is_refused; // as outside the socket's group

int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_un played = { 0 };
    if (is_refused) {
        errno = EACCES;
        return -1;
    }
    memcpy(&played, address, length);
    if (system_is_played && strcmp(played.sun_path, PROTOCOL_ENDPOINT_SYSTEM) == 0) {
        snprintf(played.sun_path, sizeof played.sun_path, "%s", listening.path);
    }
    return __real_connect(fd, (const struct sockaddr *)&played, length);
}

// ---- the server

static void *serve(void *argument)
{
    (void)argument;
    int fd = accept(listening.fd, NULL, NULL);
    say(fd, script.greeting);
    if (script.reply != NULL) {
        size_t length = 0;
        while (length == 0 || script.request[length - 1] != '\n') {
            ssize_t count = read(fd, script.request + length, sizeof script.request - 1 - length);
            if (count <= 0) {
                break;
            }
            length += (size_t)count;
        }
        if (script.is_late) {
            sem_wait(&gate);
        }
        say(fd, script.reply);
        if (script.after.length > 0) {
            send(fd, script.after.data, script.after.length, MSG_NOSIGNAL);
        }
    }
    char byte;
    while (script.stay && read(fd, &byte, 1) > 0) {
    }
    close(fd);
    return NULL;
}

static void start(const char *greeting, const char *reply, size_t piece, bool stay)
{
    memset(&script, 0, sizeof script);
    script.greeting = greeting;
    script.reply = reply;
    script.piece = piece;
    script.stay = stay;
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
}

static void finish(void)
{
    pthread_join(thread, NULL);
    protocol_buffer_finish(&script.after);
}

// A server that grants CBOR to the first request, but only once the gate is open, and goes on
// in CBOR with a state and the reply to a second request.
static struct mocap_client *begin_late(void)
{
    struct mocap_error err;
    memset(&script, 0, sizeof script);
    script.greeting = HELLO;
    script.reply = LATE_SUBSCRIBED;
    script.piece = 1000;
    script.stay = script.is_late = true;
    protocol_buffer_init(&script.after, 4096);
    protocol_encode_state(&script.after, PROTOCOL_CBOR,
                          &(struct protocol_state){ "main", PROTOCOL_STREAM_LIVE, "" });
    protocol_encode_pong(&script.after, PROTOCOL_CBOR, (struct protocol_id){ true, 2 });
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    const struct mocap_options options = { .encoding = MOCAP_ENCODING_CBOR };
    assert_false(mocap_subscribe(client, &options, 5, &err)); // the gate is closed
    assert_int_equal(err.number, ETIMEDOUT);
    sem_post(&gate);
    return client;
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

static void a_greeting_in_single_bytes_is_read(void **state)
{
    (void)state;
    struct mocap_error err;
    start(HELLO, NULL, 1, true);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    assert_int_equal(mocap_server(client)->minor, 3);
    assert_string_equal(mocap_server(client)->streams[0], "main");
    assert_true(mocap_fd(client) >= 0);
    struct mocap_message message;
    assert_int_equal(mocap_next(client, 0, &message, &err), MOCAP_TIMEOUT);
    mocap_close(client);
    finish();
}

// A message that comes before the reply is there afterwards, before what follows.
static void messages_before_a_reply_are_kept_in_order(void **state)
{
    (void)state;
    struct mocap_error err;
    struct mocap_message message;
    start(HELLO,
          STATE "{\"type\":\"pong\",\"id\":77}\n{\"type\":\"settings\",\"id\":76}\n" SUBSCRIBED
                "{\"type\":\"later\"}\n",
          7, false);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    assert_true(
        mocap_subscribe(client, &(struct mocap_options){ .stream = "main" }, GUARD_MS, &err));
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_STATE);
    assert_string_equal(message.state, "live");
    assert_int_equal(message.length, strlen(STATE) - 1);
    for (int i = 0; i < 2; i++) { // to requests that are not waited for any more
        assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
        assert_int_equal(message.type, MOCAP_REPLY);
    }
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_OTHER);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_CLOSED);
    mocap_close(client);
    finish();
    assert_string_equal(script.request, "{\"type\":\"subscribe\",\"id\":1,\"stream\":\"main\"}\n");
}

#define DENSE_HELLO                                                                                \
    "{\"type\":\"hello\",\"protocol\":[1,1],\"server\":\"test\",\"boot_id\":\"b\","                \
    "\"streams\":[\"main\"],\"encodings\":[\"json\"],\"dense\":{\"name\":\"two\",\"count\":2,"     \
    "\"groups\":[{\"name\":\"all\",\"closed\":true,\"points\":[1,0]}]}}\n"
#define DENSE_SUBSCRIBED                                                                           \
    "{\"type\":\"subscribed\",\"id\":1,\"streams\":[\"main\"],\"mode\":\"latest\",\"encoding\":"   \
    "\"json\",\"include\":[\"gaze\",\"dense\"]}\n"
#define DENSE_MOTION                                                                               \
    "{\"type\":\"motion\",\"stream\":\"main\",\"seq\":1,\"pts\":0.5,\"t_arrival_ns\":1,"           \
    "\"t_publish_ns\":2,\"width\":8,\"height\":8,\"dropped\":0,\"missed\":0,\"faces\":["           \
    "{\"id\":1,\"score\":0.5,\"box\":[1,2,3,4]},{\"id\":2,\"score\":0.5,\"box\":[1,2,3,4],"        \
    "\"gaze\":{\"left\":[1,2],\"right\":[3,4]},\"dense\":[[1,2,0.5],[3,4,0.25]]}]}\n"

static void gaze_and_dense_points_are_shown(void **state)
{
    (void)state;
    struct mocap_error err;
    struct mocap_message message;
    start(DENSE_HELLO, DENSE_SUBSCRIBED DENSE_MOTION, 1000, false);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    const struct mocap_point_set *set = mocap_server(client)->dense;
    assert_string_equal(set->name, "two");
    assert_int_equal(set->group_count, 1);
    assert_string_equal(set->groups[0].name, "all");
    assert_true(set->groups[0].closed && set->groups[0].count == 2 &&
                set->groups[0].points[0] == 1);
    const struct mocap_options options = { .include = MOCAP_INCLUDE_GAZE | MOCAP_INCLUDE_DENSE };
    assert_true(mocap_subscribe(client, &options, GUARD_MS, &err));
    assert_int_equal(mocap_granted(client)->include, options.include);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.record->face_count, 2);
    assert_true(message.record->more[0]->gaze == NULL && message.record->more[0]->dense == NULL);
    const struct mocap_face_more *more = message.record->more[1];
    assert_true(more->gaze->left[1] == 2 && more->gaze->right[0] == 3 && !more->gaze->has_point);
    assert_int_equal(more->dense_count, 2);
    assert_true(more->dense[1].x == 3 && more->dense[1].c == 0.25f);
    mocap_close(client);
    finish();
    assert_string_equal(script.request,
                        "{\"type\":\"subscribe\",\"id\":1,\"include\":[\"gaze\",\"dense\"]}\n");
}

// What a program compiled against the first header passes means what it meant.
static void the_first_headers_parts_are_what_they_were(void **state)
{
    (void)state;
    struct mocap_error err;
    start(HELLO, SUBSCRIBED, 1000, false);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    assert_null(mocap_server(client)->dense);
    assert_true(
        mocap_subscribe(client, &(struct mocap_options){ .include = 64 | 32 }, GUARD_MS, &err));
    mocap_close(client);
    finish();
    assert_string_equal(script.request,
                        "{\"type\":\"subscribe\",\"id\":1,\"include\":[\"timing\"]}\n");
}

static void a_late_subscribed_switches_the_encoding(void **state)
{
    (void)state;
    struct mocap_error err;
    struct mocap_message message;
    struct mocap_client *client = begin_late();
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_REPLY);
    assert_int_equal(mocap_granted(client)->encoding, MOCAP_ENCODING_CBOR);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_STATE);
    assert_int_equal(message.encoding, MOCAP_ENCODING_CBOR);
    assert_string_equal(message.state, "live");
    mocap_close(client);
    finish();
}

// It comes while the reply to a later request is awaited, and is read a second time after it.
static void a_late_subscribed_switches_the_encoding_once(void **state)
{
    (void)state;
    struct mocap_error err;
    struct mocap_message message;
    struct mocap_client *client = begin_late();
    assert_int_equal(mocap_request(client, "ping", NULL, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_REPLY);
    assert_int_equal(message.encoding, MOCAP_ENCODING_CBOR);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_REPLY);
    assert_int_equal(message.encoding, MOCAP_ENCODING_JSON);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_STATE);
    mocap_close(client);
    finish();
}

static void a_request_has_the_fields_it_was_given(void **state)
{
    (void)state;
    struct mocap_error err;
    struct mocap_message message;
    const char *reply = "{\"type\":\"calibration\",\"id\":1,\"stream\":\"main\",\"profile\":\"p\","
                        "\"active\":true,\"faces\":[],\"shapes\":[],\"profiles\":[]}\n";
    start(HELLO, reply, 1000, true);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    assert_int_equal(mocap_request_json(client, "[\"type\"]", GUARD_MS, &message, &err),
                     MOCAP_ERROR);
    assert_non_null(strstr(err.message, "the request: "));
    assert_int_equal(mocap_request_json(client, "{\"type\":\"calibrate\",\"action\":\"show\"}",
                                        GUARD_MS, &message, &err),
                     MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_REPLY);
    mocap_close(client);
    finish();
    assert_string_equal(script.request, "{\"type\":\"calibrate\",\"action\":\"show\",\"id\":1}\n");
}

// ---- an allocator that a program has given jansson

static void *allocate_apart(size_t size)
{
    char *block = malloc(sizeof(max_align_t) + size);
    return block == NULL ? NULL : block + sizeof(max_align_t);
}

static void free_apart(void *block)
{
    if (block != NULL) {
        free((char *)block - sizeof(max_align_t));
    }
}

static void a_programs_allocator_for_jansson_is_used_throughout(void **state)
{
    (void)state;
    json_set_alloc_funcs(allocate_apart, free_apart);
    a_request_has_the_fields_it_was_given(state);
    json_set_alloc_funcs(malloc, free);
}

// The position in the byte stream is lost: what follows must not be taken for messages.
static void an_error_ends_the_connection(void **state)
{
    (void)state;
    struct mocap_error err;
    struct mocap_message message;
    start(HELLO "no JSON\n" STATE, NULL, 1000, true);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_ERROR);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_CLOSED);
    assert_int_equal(mocap_request(client, "ping", NULL, GUARD_MS, &message, &err), MOCAP_CLOSED);
    assert_int_equal(mocap_fd(client), -1);
    mocap_close(client);
    finish();
}

enum { SHORT_CONNECTIONS = 6 };

// What the server says before it closes is there, and then there is no socket to poll.
static void a_closed_connection_has_no_socket(void **state)
{
    (void)state;
    struct mocap_error err;
    struct mocap_message message;
    start(HELLO "{\"type\":\"error\",\"id\":null,\"code\":\"too-many\",\"message\":\"no\"}\n", NULL,
          1000, false);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    finish(); // it has closed the connection
    assert_true(mocap_fd(client) >= 0);
    assert_int_equal(mocap_request(client, "ping", NULL, GUARD_MS, &message, &err), MOCAP_CLOSED);
    assert_int_equal(mocap_fd(client), -1);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_REFUSAL);
    assert_string_equal(message.code, "too-many");
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_CLOSED);
    mocap_close(client);
    start(HELLO, NULL, 1000, false);
    client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    finish();
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_CLOSED);
    assert_int_equal(mocap_fd(client), -1);
    mocap_close(client);
}

// A program in C may pass any number for an enum.
static void options_that_are_none_are_refused(void **state)
{
    (void)state;
    static const struct mocap_options wrong[] = {
        { .lost = (enum mocap_lost)3 },
        { .lost = (enum mocap_lost) - 1 },
        { .lost = (enum mocap_lost)0x7fffff },
        { .max_rate = -1 },
        { .stream = "" },
    };
    struct mocap_error err;
    start(HELLO, NULL, 1000, true);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(mocap_subscribe(client, &wrong[i], GUARD_MS, &err));
        assert_int_equal(err.code, MOCAP_ERROR_ARGUMENT);
    }
    assert_true(mocap_fd(client) >= 0);
    mocap_close(client);
    finish();
}

// Whatever the client does next, it learns why.
static void why_the_server_closed_the_connection_is_told(void **state)
{
    (void)state;
    static const char said[] = "the server closed the connection: too many connections";
    for (int i = 0; i < 5; i++) {
        struct mocap_error err = { 0 };
        struct mocap_message message;
        start(HELLO "{\"type\":\"error\",\"id\":null,\"code\":\"too-many\","
                    "\"message\":\"too many connections\"}\n",
              NULL, 1000, false);
        struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
        assert_non_null(client);
        finish(); // it has closed the connection
        if (i == 0) {
            assert_false(mocap_subscribe(client, NULL, GUARD_MS, &err));
        } else if (i == 1) {
            assert_false(mocap_unsubscribe(client, NULL, GUARD_MS, &err));
        } else if (i == 2) {
            assert_int_equal(mocap_request(client, "status", NULL, GUARD_MS, &message, &err),
                             MOCAP_CLOSED);
        } else if (i == 3) {
            assert_int_equal(
                mocap_request_json(client, "{\"type\":\"ping\"}", GUARD_MS, &message, &err),
                MOCAP_CLOSED);
        } else {
            assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_MESSAGE);
            assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_CLOSED);
        }
        assert_int_equal(err.code, MOCAP_ERROR_SYSTEM);
        if (strstr(err.message, said) == NULL) {
            fail_msg("%d: %s", i, err.message);
        }
        mocap_close(client);
    }
}

enum { KEPT_MAX = 1024 };

static void say_motion(struct protocol_buffer *text, const char *stream, int seq)
{
    char line[256];
    snprintf(
        line, sizeof line,
        "{\"type\":\"motion\",\"stream\":\"%s\",\"seq\":%d,\"pts\":0.5,\"t_arrival_ns\":1,"
        "\"t_publish_ns\":2,\"width\":8,\"height\":8,\"dropped\":0,\"faces\":[],\"missed\":%d}\n",
        stream, seq, seq == 0 ? 3 : 0);
    protocol_buffer_text(text, line);
}

// Of more records than are kept, the oldest give way, and are counted; a state, and the only record
// of a stream, do not.
static void a_late_reply_is_not_lost_among_records(void **state)
{
    (void)state;
    enum { RECORDS = 3 * KEPT_MAX };
    struct mocap_error err;
    struct mocap_message message;
    struct protocol_buffer text;
    protocol_buffer_init(&text, 1 << 20);
    protocol_buffer_text(&text, STATE);
    say_motion(&text, "other", 1);
    for (int i = 0; i < RECORDS; i++) {
        say_motion(&text, i % 3 == 0 ? "second" : "main", i / 3);
    }
    protocol_buffer_text(&text, "{\"type\":\"pong\",\"id\":1}\n");
    protocol_buffer_bytes(&text, "", 1);
    assert_false(text.failed);
    start(HELLO, text.data, 1000, true);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    assert_int_equal(mocap_request(client, "ping", NULL, GUARD_MS, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_REPLY);
    assert_int_equal(mocap_next(client, 0, &message, &err), MOCAP_MESSAGE);
    assert_int_equal(message.type, MOCAP_STATE);
    assert_int_equal(mocap_next(client, 0, &message, &err), MOCAP_MESSAGE);
    assert_string_equal(message.record->stream, "other");
    uint64_t seen[2] = { 0, 0 }, missed[2] = { 0, 0 }, newest[2] = { 0, 0 };
    while (mocap_next(client, 0, &message, &err) == MOCAP_MESSAGE) {
        const int stream = strcmp(message.record->stream, "main") != 0;
        assert_true(seen[stream] == 0 || message.record->seq >= newest[stream]);
        newest[stream] = message.record->seq;
        seen[stream]++;
        missed[stream] += message.record->missed;
    }
    assert_int_equal(seen[0] + seen[1], KEPT_MAX - 2);
    // What the server left out before the first of each counts, too.
    assert_int_equal(seen[0] + missed[0], 2 * KEPT_MAX + 2 * 3);
    assert_int_equal(seen[1] + missed[1], KEPT_MAX + 3);
    assert_int_equal(newest[0], KEPT_MAX - 1);
    assert_int_equal(newest[1], KEPT_MAX - 1);
    mocap_close(client);
    finish();
    protocol_buffer_finish(&text);
}

// Nothing of these may be dropped, so their number is bounded by an error.
static void a_flood_of_other_messages_is_an_error(void **state)
{
    (void)state;
    struct mocap_error err;
    struct mocap_message message;
    struct protocol_buffer text;
    protocol_buffer_init(&text, 1 << 20);
    say_motion(&text, "main", 1);
    for (int i = 0; i < KEPT_MAX; i++) {
        protocol_buffer_text(&text, STATE);
    }
    protocol_buffer_bytes(&text, "", 1);
    start(HELLO, text.data, 1000, true);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    assert_int_equal(mocap_request(client, "ping", NULL, GUARD_MS, &message, &err), MOCAP_ERROR);
    assert_non_null(strstr(err.message, "no reply within 1024 messages"));
    mocap_close(client);
    finish();
    protocol_buffer_finish(&text);
}

static void *greet_and_close(void *argument)
{
    (void)argument;
    for (int i = 0; i < SHORT_CONNECTIONS; i++) {
        int fd = accept(listening.fd, NULL, NULL);
        say(fd, script.greeting);
        close(fd);
    }
    return NULL;
}

// A server that accepts and closes is not asked again without pause: the waits double.
static void short_connections_are_made_less_and_less_often(void **state)
{
    (void)state;
    struct mocap_error err;
    memset(&script, 0, sizeof script);
    script.greeting = HELLO;
    script.piece = 1000;
    assert_int_equal(pthread_create(&thread, NULL, greet_and_close, NULL), 0);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    const int64_t start_ns = mc_clock_now_ns();
    for (int i = 1; i < SHORT_CONNECTIONS; i++) {
        assert_true(mocap_reconnect(client, GUARD_MS, &err));
    }
    // A lower bound: a slow machine only takes longer.
    assert_true(mc_clock_now_ns() - start_ns >= (20 + 40 + 80 + 160 + 320) * MC_NS_PER_MS);
    mocap_close(client);
    finish();
}

static void a_refusal_is_an_error_with_the_servers_words(void **state)
{
    (void)state;
    struct mocap_error err;
    start(HELLO, REFUSED, 1000, true);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    assert_false(mocap_subscribe(client, NULL, GUARD_MS, &err));
    assert_string_equal(err.message, "subscribe: no such stream");
    mocap_close(client);
    finish();
}

// A request shows three decimals: one that would read 0 there would mean all.
static void a_rate_too_small_to_tell_is_never_asked_for(void **state)
{
    (void)state;
    struct mocap_error err;
    start(HELLO, NULL, 1000, true);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    assert_false(
        mocap_subscribe(client, &(struct mocap_options){ .max_rate = 1e-10 }, GUARD_MS, &err));
    assert_non_null(strstr(err.message, "max_rate: must be 0 or 0.001 to 1000"));
    mocap_close(client);
    finish();
}

static void a_message_cut_by_the_server_is_an_error(void **state)
{
    (void)state;
    struct mocap_error err;
    struct mocap_message message;
    start(HELLO "{\"type\":\"motion\",", NULL, 1000, false);
    struct mocap_client *client = mocap_connect(listening.path, GUARD_MS, &err);
    assert_non_null(client);
    assert_int_equal(mocap_next(client, GUARD_MS, &message, &err), MOCAP_ERROR);
    assert_non_null(strstr(err.message, "inside a message"));
    mocap_close(client);
    finish();
}

static void connect_fails(const char *greeting, bool stay, int timeout_ms, const char *says)
{
    struct mocap_error err;
    start(greeting, NULL, 1000, stay);
    assert_null(mocap_connect(listening.path, timeout_ms, &err));
    finish();
    assert_non_null(strstr(err.message, says));
}

static void bad_greetings_are_refused(void **state)
{
    (void)state;
    connect_fails("", false, GUARD_MS, "without a greeting");
    connect_fails("", true, 10, "no greeting in time");
    connect_fails(STATE, true, GUARD_MS, "must be a greeting");
    connect_fails("220 smtp ready\n", true, GUARD_MS, "not valid JSON");
    connect_fails("{\"type\":\"hello\",\"protocol\":[2,0],\"server\":\"\",\"boot_id\":\"\","
                  "\"streams\":[]}\n",
                  true, GUARD_MS, "must be of version 1, got 2.0");
}

static void nobody_there_is_an_error(void **state)
{
    (void)state;
    struct mocap_error err;
    assert_null(mocap_connect("/nonexistent/mocapd.sock", GUARD_MS, &err));
    assert_int_equal(err.number, ENOENT);
    assert_non_null(strstr(err.message, "/nonexistent/mocapd.sock"));
}

// The user's socket failing first leaves no trace in what succeeds.
static void the_systems_daemon_is_found_without_an_error(void **state)
{
    (void)state;
    struct mocap_error err;
    assert_int_equal(setenv("XDG_RUNTIME_DIR", listening.directory, 1), 0); // nobody listens there
    system_is_played = true;
    start(HELLO, NULL, 1000, true);
    struct mocap_client *client = mocap_connect(NULL, GUARD_MS, &err);
    system_is_played = false;
    assert_non_null(client);
    assert_int_equal(err.code, MOCAP_ERROR_NONE);
    assert_int_equal(err.number, 0);
    assert_string_equal(err.message, "");
    mocap_close(client);
    finish();
}

static void outside_the_group_the_error_says_how_to_get_in(void **state)
{
    (void)state;
    char path[] = "/tmp/mocapd-client-XXXXXX", wanted[128];
    struct mocap_error error;
    const int file = mkstemp(path); // its group is this process's
    assert_true(file >= 0);
    const struct group *group = getgrgid(getegid());
    const struct passwd *user = getpwuid(geteuid());
    snprintf(wanted, sizeof wanted, "usermod -aG %s %s, then log in again",
             group != NULL ? group->gr_name : "?", user != NULL ? user->pw_name : "USER");
    is_refused = true;
    // Nobody but the owner: the group does not matter.
    assert_int_equal(fchmod(file, 0600), 0);
    assert_null(mocap_connect(path, GUARD_MS, &error));
    assert_int_equal(error.number, EACCES);
    assert_null(strstr(error.message, "usermod"));
    assert_int_equal(fchmod(file, 0660), 0);
    assert_null(mocap_connect(path, GUARD_MS, &error));
    assert_int_equal(error.number, EACCES);
    if (group != NULL) {
        assert_non_null(strstr(error.message, wanted));
    }
    is_refused = false;
    close(file);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_greeting_in_single_bytes_is_read),
        cmocka_unit_test(messages_before_a_reply_are_kept_in_order),
        cmocka_unit_test(gaze_and_dense_points_are_shown),
        cmocka_unit_test(the_first_headers_parts_are_what_they_were),
        cmocka_unit_test(a_late_subscribed_switches_the_encoding),
        cmocka_unit_test(a_late_subscribed_switches_the_encoding_once),
        cmocka_unit_test(a_request_has_the_fields_it_was_given),
        cmocka_unit_test(a_programs_allocator_for_jansson_is_used_throughout),
        cmocka_unit_test(an_error_ends_the_connection),
        cmocka_unit_test(a_closed_connection_has_no_socket),
        cmocka_unit_test(options_that_are_none_are_refused),
        cmocka_unit_test(why_the_server_closed_the_connection_is_told),
        cmocka_unit_test(a_late_reply_is_not_lost_among_records),
        cmocka_unit_test(a_flood_of_other_messages_is_an_error),
        cmocka_unit_test(short_connections_are_made_less_and_less_often),
        cmocka_unit_test(a_refusal_is_an_error_with_the_servers_words),
        cmocka_unit_test(a_rate_too_small_to_tell_is_never_asked_for),
        cmocka_unit_test(a_message_cut_by_the_server_is_an_error),
        cmocka_unit_test(bad_greetings_are_refused),
        cmocka_unit_test(nobody_there_is_an_error),
        cmocka_unit_test(outside_the_group_the_error_says_how_to_get_in),
        cmocka_unit_test(the_systems_daemon_is_found_without_an_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
