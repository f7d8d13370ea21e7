// A client that connects again is subscribed to what it was subscribed to, in the same way, however
// it came about: the server and the client remember the same. A real loop, a real client in a
// thread of its own.
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/mocap.h"
#include "protocol/record.h"
#include "server/publisher.h"
#include "tests/server/server_fixture.h"

enum { NAMES = 4, STEPS = 24, SEEDS = 8, GUARD_MS = 60000, ALL = -1 };

static const char *const names[NAMES] = { "m", "a", "b", "c" };
static struct mocap_client *client;

// ---- what the client does, while the server goes on

enum call_kind { CONNECT, SUBSCRIBE, UNSUBSCRIBE, RECONNECT, READ, DRAIN };

// What a client gets of each stream: nothing, or records with those parts.
enum parts { NOTHING, KEYPOINTS, POSE };

static struct {
    enum call_kind kind;
    int stream; // or ALL
    enum parts parts;
    bool good;
    enum parts got[NAMES]; // READ
    atomic_bool is_done;
} call;

static void note_record(const struct mocap_record *record)
{
    for (int i = 0; i < NAMES; i++) {
        if (strcmp(record->stream, names[i]) == 0) {
            call.got[i] = record->faces[0].pose != NULL ? POSE : KEYPOINTS;
        }
    }
}

static bool drain(void)
{
    struct mocap_message message;
    while (mocap_next(client, 0, &message, NULL) == MOCAP_MESSAGE) {
        if (message.type == MOCAP_RECORD) {
            note_record(message.record);
        }
    }
    return true;
}

// Up to the reply to a ping, behind which nothing is left.
static bool read_all(void)
{
    struct mocap_message message;
    memset(call.got, 0, sizeof call.got);
    return mocap_request(client, "ping", NULL, GUARD_MS, &message, NULL) == MOCAP_MESSAGE &&
           drain();
}

static bool do_call(void)
{
    const char *stream = call.stream == ALL ? NULL : names[call.stream];
    const struct mocap_options options = {
        .stream = stream,
        .include = call.parts == POSE ? MOCAP_INCLUDE_POSE : MOCAP_INCLUDE_KEYPOINTS,
        .mode = MOCAP_MODE_QUEUE,
    };
    switch (call.kind) {
    case CONNECT:
        client = mocap_connect(path, GUARD_MS, NULL);
        return client != NULL;
    case SUBSCRIBE:
        return mocap_subscribe(client, &options, GUARD_MS, NULL);
    case UNSUBSCRIBE:
        return mocap_unsubscribe(client, stream, GUARD_MS, NULL);
    case RECONNECT:
        return mocap_reconnect(client, GUARD_MS, NULL);
    case READ:
        return read_all();
    default:
        return drain();
    }
}

static void *client_thread(void *argument)
{
    (void)argument;
    call.good = do_call();
    atomic_store(&call.is_done, true);
    return NULL;
}

static bool run_call(enum call_kind kind, int stream, enum parts parts)
{
    pthread_t thread;
    call.kind = kind;
    call.stream = stream;
    call.parts = parts;
    atomic_store(&call.is_done, false);
    assert_int_equal(pthread_create(&thread, NULL, client_thread, NULL), 0);
    while (!atomic_load(&call.is_done)) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    pthread_join(thread, NULL);
    return call.good;
}

// ---- streams

static void add(int name)
{
    assert_in_range(server_publisher_add_stream(publisher, names[name]), 0, NAMES);
}

static int index_of(int name)
{
    return server_publisher_find_stream(publisher, names[name]);
}

static void publish_to_all(void)
{
    static struct protocol_record record;
    record.face_count = 1;
    record.faces[0].keypoint_count = 68;
    record.faces[0].has_pose = true;
    for (int i = 0; i < NAMES; i++) {
        if (index_of(i) >= 0) {
            snprintf(record.stream, sizeof record.stream, "%s", names[i]);
            server_publisher_record(publisher, index_of(i), &record);
        }
    }
}

// ---- the tests

static char said[STEPS * 32]; // what was done, for a failure

static void note(const char *what, int stream)
{
    const size_t length = strlen(said);
    snprintf(said + length, sizeof said - length, "%s %s, ", what,
             stream == ALL ? "all" : names[stream]);
}

static void begin(void)
{
    const struct server_limits limits = SERVER_LIMITS_DEFAULT;
    server_fixture_start(&limits);
    said[0] = '\0';
    add(1);
    add(2);
    assert_true(run_call(CONNECT, ALL, NOTHING));
}

static void end(void)
{
    mocap_close(client);
    server_fixture_stop();
}

static void get(enum parts parts[NAMES])
{
    publish_to_all();
    assert_true(run_call(READ, ALL, NOTHING));
    memcpy(parts, call.got, sizeof call.got);
}

static bool has_any(const enum parts parts[NAMES])
{
    for (int i = 0; i < NAMES; i++) {
        if (parts[i] != NOTHING) {
            return true;
        }
    }
    return false;
}

// `came`: streams that came again, which a client subscribes to on its own, and a reconnection
// does.
static void assert_same_after_reconnecting(const bool came[NAMES])
{
    enum parts before[NAMES], after[NAMES];
    get(before);
    if (!run_call(RECONNECT, ALL, NOTHING)) {
        assert_false(has_any(before)); // nothing was left to renew
        return;
    }
    get(after);
    for (int i = 0; i < NAMES; i++) {
        if (before[i] != after[i] && !came[i]) {
            fail_msg("%sreconnect: %s came with parts %d, and now with %d", said, names[i],
                     (int)before[i], (int)after[i]);
        }
    }
}

static const bool none_came[NAMES];

static void leaving_one_of_all_leaves_those_to_come(void **state)
{
    (void)state;
    enum parts got[NAMES];
    begin();
    assert_true(run_call(SUBSCRIBE, ALL, POSE));
    assert_true(run_call(UNSUBSCRIBE, 1, NOTHING));
    server_publisher_remove_stream(publisher, index_of(1), "not needed");
    add(1);
    add(3);
    get(got);
    assert_int_equal(got[0], POSE);
    assert_int_equal(got[1], NOTHING);
    assert_int_equal(got[2], POSE);
    assert_int_equal(got[3], NOTHING);
    assert_same_after_reconnecting(none_came);
    end();
}

static void a_stream_that_comes_again_is_followed_as_it_was(void **state)
{
    (void)state;
    enum parts got[NAMES];
    begin();
    assert_true(run_call(SUBSCRIBE, ALL, POSE));
    assert_true(run_call(SUBSCRIBE, 1, KEYPOINTS));
    server_publisher_remove_stream(publisher, index_of(1), "not needed");
    add(1);
    get(got);
    assert_int_equal(got[0], POSE);
    assert_int_equal(got[1], KEYPOINTS);
    assert_same_after_reconnecting(none_came);
    end();
}

// Nobody who left every stream by name keeps a place from others.
static void whoever_left_every_stream_is_subscribed_to_none(void **state)
{
    (void)state;
    begin();
    assert_true(run_call(SUBSCRIBE, ALL, POSE));
    for (int i = 0; i < 3; i++) {
        assert_true(run_call(UNSUBSCRIBE, i, NOTHING));
    }
    add(3);
    assert_int_equal(server_publisher_count(publisher, index_of(3)), 0);
    end();
}

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 16) % below;
}

static void change_streams(int name, bool follows_all, bool came[NAMES])
{
    if (index_of(name) < 0) {
        note("add", name);
        add(name);
        return;
    }
    note("remove", name);
    server_publisher_remove_stream(publisher, index_of(name), "not needed");
    came[name] = came[name] || !follows_all;
}

static void anything_that_was_done(unsigned seed)
{
    bool came[NAMES] = { false }, follows_all = false;
    begin();
    for (int i = 0; i < STEPS; i++) {
        const int name = (int)draw(&seed, NAMES), kind = (int)draw(&seed, 10);
        const enum parts parts = draw(&seed, 2) == 0 ? KEYPOINTS : POSE;
        const int stream = kind < 2 ? ALL : name;
        if (kind < 4) {
            note(parts == POSE ? "pose of" : "keypoints of", stream);
            const bool good = run_call(SUBSCRIBE, stream, parts);
            follows_all = follows_all || (good && stream == ALL);
            came[name] = came[name] && !good && stream != ALL;
        } else if (kind < 6) {
            note("leave", name);
            follows_all = !run_call(UNSUBSCRIBE, name, NOTHING) && follows_all;
        } else {
            change_streams(name, follows_all, came);
        }
        assert_true(run_call(DRAIN, ALL, NOTHING)); // it has heard of it
    }
    assert_same_after_reconnecting(came);
    end();
}

static void a_reconnection_changes_nothing(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        anything_that_was_done(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaving_one_of_all_leaves_those_to_come),
        cmocka_unit_test(a_stream_that_comes_again_is_followed_as_it_was),
        cmocka_unit_test(whoever_left_every_stream_is_subscribed_to_none),
        cmocka_unit_test(a_reconnection_changes_nothing),
    };
    return cmocka_run_group_tests(tests, server_fixture_set_up, server_fixture_tear_down);
}
