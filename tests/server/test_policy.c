// What a subscription asked for is what it gets: parts, rate, queue, lost faces,
// encoding; and what costs too much is bounded. A real loop, real sockets.
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "protocol/decode.h"
#include "protocol/framing.h"
#include "server/publisher.h"
#include "tests/server/server_fixture.h"

enum { READ_BYTES = 1 << 20 };

static struct server_limits limits = SERVER_LIMITS_DEFAULT;
static struct protocol_record record;
static struct protocol_message message;

static void start(void)
{
    server_fixture_start(&limits);
    memset(&record, 0, sizeof record);
    snprintf(record.stream, sizeof record.stream, "m");
    record.face_count = 1;
    record.faces[0].keypoint_count = 68;
    record.faces[0].score = 0.5f;
    record.faces[0].has_pose = record.faces[0].has_shapes = true;
    record.faces[0].pose.euler[1] = 30;
    record.faces[0].shapes[PROTOCOL_JAW_OPEN] = 0.5f;
}

static void stop(void)
{
    mc_clock_set_ns(-1);
    server_fixture_stop();
}

static void say(int fd, const char *request)
{
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    server_fixture_spin();
}

static size_t receive(int fd, char *bytes)
{
    size_t length = 0;
    ssize_t count;
    while ((count = read(fd, bytes + length, READ_BYTES - 1 - length)) > 0) {
        length += (size_t)count;
        server_fixture_spin();
    }
    bytes[length] = '\0';
    return length;
}

static const char *received(int fd)
{
    static char text[READ_BYTES];
    receive(fd, text);
    return text;
}

// The same, of a request that may have to wait for its turn.
static const char *awaited(int fd)
{
    const char *text = received(fd);
    while (text[0] == '\0') {
        uv_run(&loop, UV_RUN_ONCE);
        text = received(fd);
    }
    return text;
}

static int count_of(const char *text, const char *needle)
{
    int count = 0;
    for (; (text = strstr(text, needle)) != NULL; text++) {
        count++;
    }
    return count;
}

static void publish(int count)
{
    for (int i = 0; i < count; i++) {
        server_publisher_record(publisher, 0, &record);
        record.seq++;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
}

static void assert_has(const char *text, const char *needle)
{
    if (strstr(text, needle) == NULL) {
        fail_msg("has no '%s': %.400s", needle, text);
    }
}

static void only_what_was_asked_for_is_sent(void **state)
{
    (void)state;
    start();
    int fd = server_fixture_join(
        "{\"type\":\"subscribe\",\"include\":[\"pose\",\"aura\"],\"label\":\"me\"}\n");
    int other = server_fixture_join("{\"type\":\"subscribe\",\"include\":[\"raw\"]}\n");
    publish(1);
    const char *text = received(fd);
    assert_has(text, "\"include\":[\"pose\"],\"lost\":\"none\",\"label\":\"me\"}");
    assert_has(text, "\"pose\":{");
    assert_null(strstr(text, "keypoints\":"));
    assert_null(strstr(text, "shapes\":"));
    assert_null(strstr(text, "timing_us\":"));
    text = received(other);
    assert_has(text, "\"include\":[\"keypoints\",\"raw\"]"); // the one brings the other
    assert_has(text, "keypoints\":[[");
    assert_null(strstr(text, "pose\":"));
    close(fd);
    close(other);
    stop();
}

static void a_rate_is_kept_and_what_it_leaves_out_is_not_missed(void **state)
{
    (void)state;
    start();
    int fd = server_fixture_join("{\"type\":\"subscribe\",\"max_rate\":20}\n");
    received(fd);
    int64_t now_ns = INT64_C(5000000000);
    int got = 0, missed_none = 0;
    for (int i = 0; i < 300; i++) { // ten seconds of 30 a second, with jitter
        mc_clock_set_ns(now_ns + (i % 3 == 0 ? 4000000 : -4000000));
        publish(1);
        now_ns += 33333333;
        const char *text = received(fd);
        got += count_of(text, "\"type\":\"motion\"");
        missed_none += count_of(text, "\"missed\":0}");
    }
    assert_in_range(got, 195, 202);
    assert_int_equal(missed_none, got);
    close(fd);
    stop();
}

// Too little for the reply to show would read 0 there, which is all; and its interval
// would be longer than a clock can count.
static void a_rate_too_small_to_tell_is_refused(void **state)
{
    (void)state;
    static const char *const rates[] = { "1e-300", "1e-10", "0.00099", "-1", "1001" };
    start();
    int fd = server_fixture_join("");
    received(fd); // the greeting
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        char request[128];
        snprintf(request, sizeof request, "{\"type\":\"subscribe\",\"max_rate\":%s}\n", rates[i]);
        say(fd, request);
        assert_has(awaited(fd), "\"code\":\"bad-request\",\"message\":\"max_rate: ");
    }
    say(fd, "{\"type\":\"subscribe\",\"max_rate\":0.001}\n");
    assert_has(awaited(fd), "\"max_rate\":0.001,");
    mc_clock_set_ns(INT64_C(5000000000));
    publish(3);
    assert_int_equal(count_of(received(fd), "\"type\":\"motion\""), 1); // of a thousand seconds
    close(fd);
    stop();
}

static void lost_faces_are_shown_as_asked(void **state)
{
    (void)state;
    start();
    int none = server_fixture_join("{\"type\":\"subscribe\"}\n");
    int hold = server_fixture_join("{\"type\":\"subscribe\",\"lost\":\"hold\"}\n");
    int neutral = server_fixture_join("{\"type\":\"subscribe\",\"lost\":\"neutral\"}\n");
    record.face_count = 0;
    publish(1); // nobody was seen yet
    assert_has(received(hold), "\"faces\":[]");
    record.face_count = 1;
    publish(1);
    assert_null(strstr(received(hold), "\"lost\":"));
    received(none);
    received(neutral);
    record.face_count = 0;
    publish(1);
    assert_has(received(none), "\"faces\":[]");
    const char *text = received(hold);
    assert_has(text, "\"lost\":\"hold\"");
    assert_has(text, "\"euler\":[0.000,30.000,0.000]");
    assert_has(text, "\"jawOpen\":0.5000");
    text = received(neutral);
    assert_has(text, "\"lost\":\"neutral\"");
    assert_has(text, "\"rotation\":[0.000000,0.000000,0.000000,1.000000]");
    assert_has(text, "\"jawOpen\":0.0000");
    close(none);
    close(hold);
    close(neutral);
    stop();
}

// The record after a queue's gap counts it, not one before.
static void a_queue_keeps_the_oldest_and_tells_of_the_gap(void **state)
{
    (void)state;
    start();
    int fd = server_fixture_join("{\"type\":\"subscribe\",\"mode\":\"queue\",\"queue\":10}\n");
    assert_has(received(fd), "\"mode\":\"queue\",\"queue\":10,");
    publish(500);
    char *text = strdup(received(fd)); // the kernel's buffer, and the queue
    publish(1);
    const char *last = received(fd);
    int kept = count_of(text, "\"type\":\"motion\"");
    assert_int_equal(count_of(text, "\"missed\":0}"), kept);
    assert_in_range(kept, 11, 400);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"missed\":%d}", 500 - kept);
    assert_has(last, wanted);
    free(text);
    close(fd);
    stop();
}

// The reply is the last line; what comes after it is CBOR, records that waited and all.
// Who asks for a longer queue than there is gets the longest, and is told.
static void a_queue_is_granted_up_to_its_bound(void **state)
{
    (void)state;
    static const struct {
        const char *queue, *reply;
    } cases[] = {
        { "1024", "\"mode\":\"queue\",\"queue\":1024," },
        { "1025", "\"mode\":\"queue\",\"queue\":1024," },
        { "9007199254740993", "\"mode\":\"queue\",\"queue\":1024," },
        { "0", "queue: must be 1 or more records, of which up to 1024 are granted" },
        { "-1", "queue: must be 1 or more records" },
        { "1.5", "queue: must be 1 or more records" },
    };
    start();
    int fd = server_fixture_join("");
    received(fd);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char request[128];
        snprintf(request, sizeof request,
                 "{\"type\":\"subscribe\",\"mode\":\"queue\",\"queue\":%s}\n", cases[i].queue);
        say(fd, request);
        assert_non_null(strstr(awaited(fd), cases[i].reply));
    }
    close(fd);
    stop();
}

static void the_encoding_changes_after_the_reply(void **state)
{
    (void)state;
    static char bytes[READ_BYTES];
    start();
    int fd = server_fixture_join("{\"type\":\"subscribe\"}\n");
    publish(100); // one waits, in JSON
    say(fd, "{\"type\":\"subscribe\",\"id\":2,\"encoding\":\"cbor\"}\n");
    publish(100);
    say(fd, "{\"type\":\"ping\",\"id\":3}\n");
    size_t length = receive(fd, bytes), at = 0;
    struct protocol_framing framing;
    assert_true(protocol_framing_init(&framing, PROTOCOL_MESSAGE_BYTES, NULL));
    bool pong = false;
    uint64_t records = 0, missed = 0;
    while (at < length) {
        size_t size, item_length;
        char *room = protocol_framing_room(&framing, &size), *item;
        size = size < length - at ? size : length - at;
        memcpy(room, bytes + at, size);
        protocol_framing_add(&framing, size);
        at += size;
        while (protocol_framing_next(&framing, &item, &item_length) == PROTOCOL_FRAMING_MESSAGE) {
            struct mc_error err = { 0 };
            if (!protocol_decode_message(framing.encoding, item, item_length, &message, &err)) {
                fail_msg("%s", err.message);
            }
            if (message.type == PROTOCOL_MESSAGE_SUBSCRIBED && message.id.value == 2) {
                framing.encoding = PROTOCOL_CBOR;
            }
            pong = pong || message.type == PROTOCOL_MESSAGE_PONG;
            records += message.type == PROTOCOL_MESSAGE_MOTION;
            missed += message.type == PROTOCOL_MESSAGE_MOTION ? message.missed : 0;
        }
    }
    assert_int_equal(framing.encoding, PROTOCOL_CBOR);
    assert_true(pong);
    assert_int_equal(records + missed, 200); // every one is accounted for
    protocol_framing_finish(&framing);
    close(fd);
    stop();
}

static void another_version_is_refused_and_closed(void **state)
{
    (void)state;
    start();
    int fd = server_fixture_join(
        "{\"type\":\"subscribe\",\"id\":1,\"protocol\":[2,0]}\n{\"type\":\"ping\"}\n");
    const char *text = received(fd);
    assert_has(text, "{\"type\":\"error\",\"id\":1,\"code\":\"wrong-version\"");
    assert_null(strstr(text, "pong"));
    char byte;
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
    stop();
}

// More forms than the server has: the rest get all parts, and the reply says so.
static void too_many_forms_fall_back_to_all_parts(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    int fds[COUNT], all = 0;
    start();
    for (int i = 0; i < COUNT; i++) {
        static const char *const names[] = { "keypoints", "pose", "shapes", "timing", "jacobians" };
        char request[256], list[128] = "";
        for (int bit = 0; bit < 5; bit++) {
            if ((i + 1) & 1 << bit) {
                snprintf(list + strlen(list), sizeof list - strlen(list), "%s\"%s\"",
                         list[0] == '\0' ? "" : ",", names[bit]);
            }
        }
        snprintf(request, sizeof request,
                 "{\"type\":\"subscribe\",\"encoding\":\"%s\",\"include\":[%s]}\n",
                 i < 31 ? "json" : "cbor", list);
        fds[i] = server_fixture_join(request);
        while (strstr(received(fds[i]), "\"subscribed\"") == NULL) {
            uv_run(&loop, UV_RUN_ONCE); // requests are answered by the handful
            publish(0);
        }
    }
    publish(3);
    for (int i = 0; i < COUNT; i++) {
        static char bytes[READ_BYTES];
        assert_true(receive(fds[i], bytes) > 100);
        all += strstr(bytes, "timing_us\":") != NULL && strstr(bytes, "pose\":") != NULL;
        close(fds[i]);
    }
    assert_true(all > 8); // asked for both, or got both because no form was left
    stop();
}

// The memory of queued messages is bounded, however many do not read.
static void over_the_bound_only_subscribers_that_keep_up_get_records(void **state)
{
    (void)state;
    enum { STUCK = 4 };
    limits.pending_bytes = 256 * 1024;
    start();
    int stuck[STUCK], good = server_fixture_join("{\"type\":\"subscribe\"}\n"), got = 0;
    for (int i = 0; i < STUCK; i++) {
        stuck[i] =
            server_fixture_join("{\"type\":\"subscribe\",\"mode\":\"queue\",\"queue\":1024}\n");
    }
    for (int i = 0; i < 1000; i++) {
        publish(1);
        got += count_of(received(good), "\"type\":\"motion\"");
    }
    assert_int_equal(got, 1000);
    int kept = count_of(received(stuck[0]), "\"type\":\"motion\"");
    assert_in_range(kept, 20, 300); // of 1024 that it may have
    for (int i = 0; i < STUCK; i++) {
        close(stuck[i]);
    }
    close(good);
    limits = (struct server_limits)SERVER_LIMITS_DEFAULT;
    stop();
}

static void run_until_closed(int fd)
{
    char bytes[4096];
    for (;;) {
        ssize_t count = read(fd, bytes, sizeof bytes);
        if (count == 0) {
            return;
        }
        uv_run(&loop, UV_RUN_ONCE); // the check timer is an event, too
    }
}

static void who_asks_for_nothing_or_reads_nothing_is_closed(void **state)
{
    (void)state;
    limits.greeting_ms = 1;
    limits.stuck_ms = 1;
    start();
    int silent = server_fixture_join(""), half = server_fixture_join("{\"type\":\"ping\"");
    int stuck = server_fixture_join("{\"type\":\"subscribe\"}\n");
    publish(500);
    run_until_closed(silent);
    run_until_closed(half);
    publish(1);
    // What the kernel has is read, then the end.
    const char *text = received(stuck);
    assert_true(count_of(text, "\"type\":\"motion\"") < 500);
    close(silent);
    close(half);
    close(stuck);
    limits = (struct server_limits)SERVER_LIMITS_DEFAULT;
    stop();
}

static void a_flood_of_requests_is_answered_by_the_handful(void **state)
{
    (void)state;
    start();
    int flood = server_fixture_join(""), good = server_fixture_join("{\"type\":\"subscribe\"}\n");
    for (int i = 0; i < 100; i++) {
        say(flood, "{\"type\":\"ping\"}\n");
    }
    server_fixture_spin();
    publish(1);
    assert_has(received(good), "\"type\":\"motion\"");
    int answered = count_of(received(flood), "pong");
    assert_true(answered < 100); // the others wait
    close(flood);
    close(good);
    stop();
}

// Runs until a message with needle has come.
static void await(int fd, const char *needle)
{
    while (strstr(received(fd), needle) == NULL) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

static void an_idle_connection_gives_way_to_a_new_one(void **state)
{
    (void)state;
    limits.connections = limits.connections_per_user = 3;
    start();
    const int reader = server_fixture_join("{\"type\":\"subscribe\"}\n");
    await(reader, "subscribed");
    const int idle = server_fixture_join("{\"type\":\"ping\"}\n");
    await(idle, "pong");
    const int newer = server_fixture_join("{\"type\":\"ping\"}\n");
    await(newer, "pong");
    const int last = server_fixture_join("{\"type\":\"subscribe\"}\n");
    await(idle, "\"code\":\"too-many\"");
    run_until_closed(idle);
    await(last, "subscribed");
    say(newer, "{\"type\":\"subscribe\"}\n");
    await(newer, "subscribed");
    const int refused = server_fixture_join("{\"type\":\"ping\"}\n"); // nobody is idle
    await(refused, "\"code\":\"too-many\"");
    publish(1);
    await(reader, "\"type\":\"motion\"");
    const int fds[] = { reader, idle, newer, last, refused };
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        close(fds[i]);
    }
    limits = (struct server_limits)SERVER_LIMITS_DEFAULT;
    stop();
}

// Where descriptors run out, the server goes on, and closes what is idle.
static void without_descriptors_the_server_goes_on(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    start();
    const int reader = server_fixture_join("{\"type\":\"subscribe\"}\n");
    await(reader, "subscribed");
    const int idle = server_fixture_join("{\"type\":\"ping\"}\n");
    await(idle, "pong");
    const int probe = dup(reader);
    const struct rlimit scarce = { (rlim_t)probe, before.rlim_max };
    close(probe);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &scarce), 0);
    run_until_closed(idle);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    publish(1);
    assert_has(received(reader), "\"type\":\"motion\"");
    close(idle);
    close(reader);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_asked_for_is_sent),
        cmocka_unit_test(a_rate_is_kept_and_what_it_leaves_out_is_not_missed),
        cmocka_unit_test(a_rate_too_small_to_tell_is_refused),
        cmocka_unit_test(lost_faces_are_shown_as_asked),
        cmocka_unit_test(a_queue_keeps_the_oldest_and_tells_of_the_gap),
        cmocka_unit_test(a_queue_is_granted_up_to_its_bound),
        cmocka_unit_test(the_encoding_changes_after_the_reply),
        cmocka_unit_test(another_version_is_refused_and_closed),
        cmocka_unit_test(too_many_forms_fall_back_to_all_parts),
        cmocka_unit_test(over_the_bound_only_subscribers_that_keep_up_get_records),
        cmocka_unit_test(who_asks_for_nothing_or_reads_nothing_is_closed),
        cmocka_unit_test(a_flood_of_requests_is_answered_by_the_handful),
        cmocka_unit_test(an_idle_connection_gives_way_to_a_new_one),
        cmocka_unit_test(without_descriptors_the_server_goes_on),
    };
    return cmocka_run_group_tests(tests, server_fixture_set_up, server_fixture_tear_down);
}
