// What waits for a connection that does not read: it is bounded, and in the order in which it
// happened, so that what is told last is true. A real loop, real sockets.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/record.h"
#include "server/publisher.h"
#include "tests/server/server_fixture.h"

enum { READ_BYTES = 1 << 20, EVENTS_MAX = 64 };

static struct protocol_record record;

static void start(void)
{
    const struct server_limits limits = SERVER_LIMITS_DEFAULT;
    server_fixture_start(&limits);
    memset(&record, 0, sizeof record);
    snprintf(record.stream, sizeof record.stream, "m");
}

static const char *received(int fd)
{
    static char text[READ_BYTES];
    size_t length = 0;
    ssize_t count;
    while ((count = read(fd, text + length, sizeof text - 1 - length)) > 0) {
        length += (size_t)count;
        server_fixture_spin();
    }
    text[length] = '\0';
    return text;
}

static void publish(int count)
{
    for (int i = 0; i < count; i++) {
        server_publisher_record(publisher, 0, &record);
        record.seq++;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
}

// ---- states and ends

enum event { LIVE, STALLED, RECORD, END, EVENT_COUNT };

static void happen(enum event event)
{
    switch (event) {
    case LIVE:
        server_publisher_state(publisher, 0, PROTOCOL_STREAM_LIVE, "");
        break;
    case STALLED:
        server_publisher_state(publisher, 0, PROTOCOL_STREAM_STALLED, "");
        break;
    case RECORD:
        server_publisher_record(publisher, 0, &record);
        record.seq++;
        break;
    default:
        server_publisher_state(publisher, 0, PROTOCOL_STREAM_ENDED, "");
        server_publisher_end(publisher, 0);
        break;
    }
}

// A message as the event that it tells of; `ended` is told by an end, too.
static enum event event_of(const char *line)
{
    static const struct {
        const char *begins;
        enum event event;
    } messages[] = {
        { "{\"type\":\"state\",\"stream\":\"m\",\"state\":\"live\"", LIVE },
        { "{\"type\":\"state\",\"stream\":\"m\",\"state\":\"stalled\"", STALLED },
        { "{\"type\":\"motion\"", RECORD },
        { "{\"type\":\"end\"", END },
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (strncmp(line, messages[i].begins, strlen(messages[i].begins)) == 0) {
            return messages[i].event;
        }
    }
    return EVENT_COUNT;
}

// The state that the text leaves a reader with: LIVE, STALLED or END.
static enum event last_state(const char *text)
{
    enum event last = EVENT_COUNT;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        const enum event event = event_of(line);
        last = event == RECORD || event == EVENT_COUNT ? last : event;
    }
    return last;
}

// Events of a stream that opens and ends at random, for a reader that is behind: what it is told
// last is how things are.
static void assert_told_truly(const char *subscribe, unsigned seed)
{
    start();
    server_publisher_state(publisher, 0, PROTOCOL_STREAM_LIVE, "");
    int fd = server_fixture_join(subscribe);
    publish(2000); // more than the kernel takes
    enum event last = LIVE;
    bool ended = false;
    for (int i = 0; i < EVENTS_MAX; i++) {
        seed = seed * 1103515245 + 12345;
        enum event event = (enum event)(seed >> 16) % EVENT_COUNT;
        if (ended && (event == RECORD || event == END)) {
            event = LIVE; // it is opened again first
        }
        happen(event);
        last = event == RECORD ? last : event;
        ended = last == END;
    }
    const char *text = received(fd);
    if (last_state(text) != last) {
        fail_msg("the last state is not %d: ...%s", (int)last,
                 text + (strlen(text) < 600 ? 0 : strlen(text) - 600));
    }
    close(fd);
    server_fixture_stop();
}

static void the_last_state_is_told_last(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 24; seed++) {
        assert_told_truly("{\"type\":\"subscribe\",\"include\":[]}\n", seed);
        assert_told_truly(
            "{\"type\":\"subscribe\",\"include\":[],\"mode\":\"queue\",\"queue\":200}\n", seed);
    }
}

// Opened again after its end: nothing of the end is left, and the records follow the state.
static void a_stream_that_goes_on_has_not_ended(void **state)
{
    (void)state;
    start();
    server_publisher_state(publisher, 0, PROTOCOL_STREAM_LIVE, "");
    int fd = server_fixture_join(
        "{\"type\":\"subscribe\",\"include\":[],\"mode\":\"queue\",\"queue\":9}\n");
    publish(2000);
    happen(END);
    happen(LIVE);
    happen(END);
    happen(STALLED);
    happen(LIVE);
    const char *text = received(fd);
    assert_null(strstr(text, "\"ended\""));
    assert_int_equal(last_state(text), LIVE);
    const char *last = strstr(strstr(text, "\"live\"") + 1, "\"live\"");
    assert_non_null(last);
    assert_null(strstr(last, "\"motion\""));
    publish(1);
    assert_non_null(strstr(received(fd), "\"motion\""));
    close(fd);
    server_fixture_stop();
}

// ---- lists of streams

static const char *last_line(const char *text)
{
    const char *last = text;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        last = line;
    }
    return last;
}

// The length of what a connection finds that did not read while a stream came and went so often.
static size_t left_by_changes(const char *request, int count)
{
    char name[PROTOCOL_NAME_BYTES];
    start();
    int fd = server_fixture_join(request);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%063d", i);
        const int stream = server_publisher_add_stream(publisher, name);
        server_publisher_state(publisher, stream, PROTOCOL_STREAM_STALLED, "no camera");
        uv_run(&loop, UV_RUN_NOWAIT);
        server_publisher_remove_stream(publisher, stream, "not needed");
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    const char *text = received(fd);
    const size_t length = strlen(text);
    assert_string_equal(last_line(text), "{\"type\":\"streams\",\"streams\":[\"m\"]}\n");
    close(fd);
    server_fixture_stop();
    return length;
}

static void changes_of_streams_do_not_pile_up(void **state)
{
    (void)state;
    static const char *const requests[] = { "{\"type\":\"ping\"}\n", "{\"type\":\"subscribe\"}\n",
                                            "{\"type\":\"subscribe\",\"stream\":\"m\"}\n" };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        // Both are more than the kernel takes; the longer run leaves no more.
        const size_t some = left_by_changes(requests[i], 500);
        const size_t more = left_by_changes(requests[i], 2500);
        assert_in_range(more, 1, some + 4096);
    }
}

// One that the reader knew of has its end, however often others came and went.
static void the_end_of_a_known_stream_is_told(void **state)
{
    (void)state;
    start();
    int fd = server_fixture_join("{\"type\":\"subscribe\"}\n");
    const int door = server_publisher_add_stream(publisher, "door");
    server_fixture_spin();
    publish(2000);
    server_publisher_remove_stream(publisher, door, "not needed");
    const int next = server_publisher_add_stream(publisher, "next");
    assert_int_equal(next, door);
    server_publisher_remove_stream(publisher, next, "not needed");
    assert_int_equal(server_publisher_add_stream(publisher, "last"), door);
    const char *text = received(fd);
    assert_non_null(strstr(text, "{\"type\":\"end\",\"stream\":\"door\""));
    assert_null(strstr(text, "\"next\""));
    assert_non_null(strstr(text, "{\"type\":\"streams\",\"streams\":[\"m\",\"last\"]}\n"
                                 "{\"type\":\"state\",\"stream\":\"last\""));
    close(fd);
    server_fixture_stop();
}

// What a reader that takes what it is told in order knows of the streams.
enum { NAMES_MAX = 512 };

struct reader {
    bool is_listed[NAMES_MAX]; // by the last list, or by `subscribed` since
    bool was_named[NAMES_MAX];
    bool has_ended[NAMES_MAX];
    int records[NAMES_MAX]; // that came, or that it was told it missed
};

// The number in a name as "s17"; -1 for m.
static int number_of(const char *name)
{
    return name[0] == 's' ? atoi(name + 1) : -1;
}

static void read_list(struct reader *reader, const char *line)
{
    memset(reader->is_listed, 0, sizeof reader->is_listed);
    const char *end = strchr(line, ']');
    for (const char *at = strchr(line, '['); (at = strstr(at, "\"s")) != NULL && at < end; at++) {
        const int number = number_of(at + 1);
        assert_in_range(number, 0, NAMES_MAX - 1);
        reader->is_listed[number] = reader->was_named[number] = true;
    }
}

static void read_line(struct reader *reader, const char *line)
{
    if (strncmp(line, "{\"type\":\"streams\"", 16) == 0) {
        read_list(reader, line);
        return;
    }
    const char *stream = strstr(line, "\"stream\":\"");
    const int number = stream == NULL ? -1 : number_of(stream + strlen("\"stream\":\""));
    if (number < 0) {
        return;
    }
    if (strncmp(line, "{\"type\":\"end\"", 13) == 0) {
        assert_true(reader->was_named[number]);
        reader->has_ended[number] = true;
        return;
    }
    if (!reader->is_listed[number]) {
        fail_msg("of a stream that is not listed: %.*s", (int)strcspn(line, "\n"), line);
    }
    if (strncmp(line, "{\"type\":\"motion\"", 16) == 0) {
        assert_false(reader->has_ended[number]);
        reader->records[number] += 1 + atoi(strstr(line, "\"missed\":") + strlen("\"missed\":"));
    }
}

// Streams come and go at random under a reader that stops at any point, and goes on.
struct changes {
    unsigned seed;
    int stream[NAMES_MAX];  // by number; -1: removed
    int records[NAMES_MAX]; // published
    int count;
};

static unsigned draw(struct changes *changes, unsigned below)
{
    changes->seed = changes->seed * 1103515245 + 12345;
    return (changes->seed >> 16) % below;
}

// A stream that is there, by its number; -1: none.
static int pick(struct changes *changes)
{
    for (int tries = 0; changes->count > 0 && tries < 16; tries++) {
        const int recent = changes->count < 6 ? changes->count : 6;
        const int number = changes->count - 1 - (int)draw(changes, (unsigned)recent);
        if (changes->stream[number] >= 0) {
            return number;
        }
    }
    return -1;
}

static void publish_to(struct changes *changes, int number, int count)
{
    changes->records[number] += count;
    for (int i = 0; i < count; i++) {
        snprintf(record.stream, sizeof record.stream, "s%d", number);
        server_publisher_record(publisher, changes->stream[number], &record);
    }
    snprintf(record.stream, sizeof record.stream, "m");
}

static void change(struct changes *changes)
{
    char name[PROTOCOL_NAME_BYTES];
    const int number = pick(changes);
    const unsigned kind = draw(changes, 8);
    if (kind < 2 && changes->count < NAMES_MAX) {
        snprintf(name, sizeof name, "s%d", changes->count);
        const int stream = server_publisher_add_stream(publisher, name);
        if (stream >= 0) {
            changes->stream[changes->count++] = stream;
        }
    } else if (number < 0) {
        return;
    } else if (kind < 4) {
        server_publisher_remove_stream(publisher, changes->stream[number], "not needed");
        changes->stream[number] = -1;
    } else if (kind == 4) {
        server_publisher_state(publisher, changes->stream[number], PROTOCOL_STREAM_STALLED, "");
    } else {
        publish_to(changes, number, 1 + (int)draw(changes, 3));
    }
}

// Reads some of what has arrived, and appends it.
static size_t read_some(int fd, char *text, size_t length, size_t most)
{
    const ssize_t count = read(fd, text + length, most);
    return count > 0 ? length + (size_t)count : length;
}

// all: the subscription's mode leaves out no record without saying so.
static void assert_named_before_and_ended_after(const char *subscribe, bool all, unsigned seed)
{
    enum { CHANGES = 400, TEXT_BYTES = 8 << 20 };
    static struct reader reader;
    static struct changes changes;
    static char text[TEXT_BYTES];
    reader = (struct reader){ 0 };
    changes = (struct changes){ .seed = seed };
    start();
    int fd = server_fixture_join(subscribe);
    publish(2000); // more than the kernel takes
    size_t length = 0;
    for (int i = 0; i < CHANGES; i++) {
        change(&changes);
        uv_run(&loop, UV_RUN_NOWAIT);
        if (draw(&changes, 4) == 0) {
            length = read_some(fd, text, length, draw(&changes, 20000));
            server_fixture_spin();
        }
    }
    const char *rest = received(fd);
    assert_in_range(length + strlen(rest), 1, TEXT_BYTES - 1);
    memcpy(text + length, rest, strlen(rest) + 1);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        read_line(&reader, line);
    }
    for (int i = 0; i < changes.count; i++) {
        assert_int_equal(reader.is_listed[i], changes.stream[i] >= 0);
        if (changes.stream[i] < 0 && reader.was_named[i] && !reader.has_ended[i]) {
            fail_msg("s%d was listed and removed, and has no end", i);
        }
        if (all && reader.was_named[i] && reader.records[i] != changes.records[i]) {
            fail_msg("of s%d, %d records were published and %d accounted for", i,
                     changes.records[i], reader.records[i]);
        }
    }
    close(fd);
    server_fixture_stop();
}

static void a_stream_is_named_before_its_records_and_ends_when_removed(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 26; seed++) {
        assert_named_before_and_ended_after("{\"type\":\"subscribe\",\"include\":[]}\n", true,
                                            seed);
        assert_named_before_and_ended_after(
            "{\"type\":\"subscribe\",\"include\":[],\"mode\":\"queue\",\"queue\":20}\n", false,
            seed);
        assert_named_before_and_ended_after(
            "{\"type\":\"subscribe\",\"include\":[],\"mode\":\"queue\",\"queue\":1024}\n", true,
            seed);
    }
}

// What was queued of a removed stream comes before its end.
static void a_removed_stream_takes_no_record_along(void **state)
{
    (void)state;
    static const char *const modes[] = { "\"mode\":\"queue\",\"queue\":1024",
                                         "\"mode\":\"latest\"" };
    for (int i = 0; i < 2; i++) {
        char request[100];
        struct reader reader = { 0 };
        start();
        snprintf(request, sizeof request, "{\"type\":\"subscribe\",\"include\":[],%s}\n", modes[i]);
        struct changes changes = { .stream = { server_publisher_add_stream(publisher, "s0") },
                                   .count = 1 };
        int fd = server_fixture_join(request);
        publish_to(&changes, 0, 900);
        server_publisher_remove_stream(publisher, changes.stream[0], "not needed");
        assert_int_equal(server_publisher_add_stream(publisher, "s1"), changes.stream[0]);
        const char *text = received(fd);
        reader.is_listed[0] = reader.was_named[0] = true; // by the greeting
        for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
            read_line(&reader, line);
        }
        assert_true(reader.has_ended[0]);
        assert_int_equal(reader.records[0], 900);
        assert_true(reader.is_listed[1] && !reader.is_listed[0]);
        close(fd);
        server_fixture_stop();
    }
}

// After the end of the old one comes a list that names the new one: a program that subscribes again
// when it is told of streams does so in time.
static void a_stream_that_is_added_again_is_listed_after_its_end(void **state)
{
    (void)state;
    start();
    const int door = server_publisher_add_stream(publisher, "door");
    int fd = server_fixture_join("{\"type\":\"subscribe\",\"include\":[]}\n");
    publish(2000);
    const int next = server_publisher_add_stream(publisher, "next");
    server_publisher_state(publisher, next, PROTOCOL_STREAM_LIVE, "");
    server_publisher_remove_stream(publisher, door, "not needed");
    server_publisher_add_stream(publisher, "door");
    const char *text = received(fd);
    const char *end = strstr(text, "{\"type\":\"end\",\"stream\":\"door\"");
    assert_non_null(end);
    const char *list = strstr(end, "{\"type\":\"streams\"");
    assert_non_null(list);
    assert_non_null(strstr(list, "\"door\""));
    assert_non_null(strstr(list, "{\"type\":\"state\",\"stream\":\"door\""));
    close(fd);
    server_fixture_stop();
}

// The encoding of a list that waits stays the one of the messages around it.
static void a_list_from_before_a_change_of_encoding_stays_as_it_was(void **state)
{
    (void)state;
    static const char request[] = "{\"type\":\"subscribe\",\"encoding\":\"cbor\",\"id\":7}\n";
    start();
    int fd = server_fixture_join("{\"type\":\"subscribe\",\"include\":[]}\n");
    publish(2000);
    server_publisher_add_stream(publisher, "s1");
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    server_fixture_spin();
    server_publisher_add_stream(publisher, "s2");
    const char *text = received(fd); // up to the first NUL, which is in the CBOR
    const char *list = strstr(text, "{\"type\":\"streams\",\"streams\":[\"m\",\"s1\",\"s2\"]}\n");
    assert_non_null(list);
    assert_non_null(strstr(list, "{\"type\":\"subscribed\",\"id\":7"));
    close(fd);
    server_fixture_stop();
}

// A client that sends no more, and is subscribed to nothing any more.
static void a_connection_that_is_half_open_ends_with_its_last_subscription(void **state)
{
    (void)state;
    char byte;
    start();
    const int hall = server_publisher_add_stream(publisher, "hall");
    int fd = server_fixture_join("{\"type\":\"subscribe\",\"stream\":\"hall\"}\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    server_fixture_spin();
    server_publisher_remove_stream(publisher, hall, "not needed");
    server_fixture_spin();
    const char *text = received(fd);
    assert_non_null(strstr(text, "{\"type\":\"end\",\"stream\":\"hall\""));
    assert_string_equal(last_line(text), "{\"type\":\"streams\",\"streams\":[\"m\"]}\n");
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
    server_fixture_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_state_is_told_last),
        cmocka_unit_test(a_stream_that_goes_on_has_not_ended),
        cmocka_unit_test(changes_of_streams_do_not_pile_up),
        cmocka_unit_test(the_end_of_a_known_stream_is_told),
        cmocka_unit_test(a_stream_is_named_before_its_records_and_ends_when_removed),
        cmocka_unit_test(a_removed_stream_takes_no_record_along),
        cmocka_unit_test(a_stream_that_is_added_again_is_listed_after_its_end),
        cmocka_unit_test(a_list_from_before_a_change_of_encoding_stays_as_it_was),
        cmocka_unit_test(a_connection_that_is_half_open_ends_with_its_last_subscription),
    };
    return cmocka_run_group_tests(tests, server_fixture_set_up, server_fixture_tear_down);
}
