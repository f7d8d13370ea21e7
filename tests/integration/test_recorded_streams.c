// Streams that came or went while they were recorded: replay serves all that have records, also of
// recordings that do not say when streams came, as those of 0.1.0.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/decode.h"
#include "protocol/encode.h"
#include "protocol/mocap.h"
#include "protocol/recording.h"
#include "protocol/writer.h"
#include "tests/integration/process.h"

// main has RECORDS records; desk is there from COMES to GOES.
enum { RECORDS = 60, COMES = 20, GOES = 40, STEP_NS = 40000000, TIMEOUT_MS = 60000 };

static void add(struct protocol_recorder *recorder, struct protocol_buffer *buffer, int64_t t_ns)
{
    struct mc_error err = { 0 };
    assert_false(buffer->failed);
    assert_true(protocol_recorder_add(recorder, buffer->data + PROTOCOL_LENGTH_BYTES,
                                      buffer->length - PROTOCOL_LENGTH_BYTES, t_ns, &err));
    protocol_buffer_clear(buffer);
}

static void add_record(struct protocol_recorder *recorder, struct protocol_buffer *buffer,
                       const char *stream, int number)
{
    static struct protocol_record record;
    char tail[PROTOCOL_TAIL_BYTES];
    snprintf(record.stream, sizeof record.stream, "%s", stream);
    record.seq = (uint64_t)number;
    record.pts = number * 0.04;
    record.t_arrival_ns = INT64_C(77000000000000) + number * (int64_t)STEP_NS;
    record.t_publish_ns = record.t_arrival_ns + 5000000;
    record.width = 640;
    record.height = 480;
    protocol_encode_record(buffer, PROTOCOL_CBOR, &record, PROTOCOL_INCLUDE_ALL);
    protocol_buffer_bytes(buffer, tail, protocol_encode_tail(tail, PROTOCOL_CBOR, 0));
    add(recorder, buffer, record.t_publish_ns);
}

// says_streams: the recording has the messages `streams`, as those since 0.2.0.
static void make_recording(const char *path, bool says_streams)
{
    const struct protocol_hello hello = {
        .major = 1, .server = "test", .boot_id = "b", .stream_count = 1, .streams = { "main" }
    };
    const struct protocol_streams both = { 2, { "main", "desk" } }, one = { 1, { "main" } };
    struct mc_error err = { 0 };
    struct protocol_buffer buffer;
    unlink(path);
    struct protocol_recorder *recorder = protocol_recorder_create(path, &hello, &err);
    assert_non_null(recorder);
    protocol_buffer_init(&buffer, PROTOCOL_MESSAGE_BYTES);
    for (int i = 0; i < RECORDS; i++) {
        if (says_streams && (i == COMES || i == GOES)) {
            protocol_encode_streams(&buffer, PROTOCOL_CBOR, i == COMES ? &both : &one);
            add(recorder, &buffer, 0);
        }
        add_record(recorder, &buffer, "main", i);
        if (i >= COMES && i < GOES) {
            add_record(recorder, &buffer, "desk", i - COMES);
        }
    }
    protocol_buffer_finish(&buffer);
    assert_true(protocol_recorder_finish(recorder, &err));
}

static struct process replay(const char *path, const char *socket_path, const char *option)
{
    const char *arguments[] = { "--socket", socket_path, "replay", path, option, NULL };
    struct process process = process_start(MOCAPCTL, arguments);
    process_wait_socket(&process, socket_path);
    return process;
}

static struct mocap_client *subscribe(const char *socket_path)
{
    struct mocap_error error;
    struct mocap_client *client = mocap_connect(socket_path, TIMEOUT_MS, &error);
    const struct mocap_options options = { .encoding = MOCAP_ENCODING_JSON };
    if (client == NULL || !mocap_subscribe(client, &options, TIMEOUT_MS, &error)) {
        fail_msg("%s", error.message);
    }
    return client;
}

struct seen {
    int main, desk; // records
    bool is_added;
    int end_at; // records of main before the end of desk
    int ends;
};

static void watch(const char *path, const char *socket_path, struct seen *seen)
{
    struct process process = replay(path, socket_path, "--every-frame");
    struct mocap_client *client = subscribe(socket_path);
    struct mocap_message message;
    *seen = (struct seen){ 0 };
    while (mocap_next(client, TIMEOUT_MS, &message, NULL) == MOCAP_MESSAGE) {
        const struct mocap_server *server = mocap_server(client);
        if (message.type == MOCAP_RECORD) {
            const bool is_desk = strcmp(message.record->stream, "desk") == 0;
            assert_int_equal(message.record->seq, is_desk ? seen->desk : seen->main);
            *(is_desk ? &seen->desk : &seen->main) += 1;
        } else if (message.type == MOCAP_STREAMS && server->stream_count == 2) {
            assert_string_equal(server->streams[1], "desk");
            seen->is_added = true;
        } else if (message.type == MOCAP_END) {
            seen->end_at = strcmp(message.stream, "desk") == 0 ? seen->main : seen->end_at;
            seen->ends++;
        }
    }
    mocap_close(client);
    assert_int_equal(process_wait(&process), 0);
}

static void replay_serves_streams_that_came_later(void **state)
{
    (void)state;
    const char *path = process_path("a.cbor"), *socket_path = process_path("a.sock");
    struct seen seen;
    for (int says_streams = 0; says_streams < 2; says_streams++) {
        make_recording(path, says_streams);
        watch(path, socket_path, &seen);
        assert_true(seen.is_added);
        assert_int_equal(seen.main, RECORDS);
        assert_int_equal(seen.desk, GOES - COMES);
        assert_int_equal(seen.ends, 2);
        assert_int_equal(seen.end_at, says_streams ? GOES : RECORDS);
    }
}

// What --from has left out is still known.
static void replay_serves_them_from_the_middle(void **state)
{
    (void)state;
    const char *path = process_path("b.cbor"), *socket_path = process_path("b.sock");
    make_recording(path, true);
    const char *arguments[] = { "--socket", socket_path, "replay",        path,
                                "--from",   "1.2",       "--every-frame", NULL };
    struct process process = process_start(MOCAPCTL, arguments);
    process_wait_socket(&process, socket_path);
    struct mocap_client *client = subscribe(socket_path);
    struct mocap_message message;
    bool is_live = false;
    int desk = 0;
    while (mocap_next(client, TIMEOUT_MS, &message, NULL) == MOCAP_MESSAGE) {
        if (message.type == MOCAP_STATE && strcmp(message.stream, "desk") == 0) {
            is_live = strcmp(message.state, "live") == 0;
        } else if (message.type == MOCAP_RECORD && strcmp(message.record->stream, "desk") == 0) {
            assert_true(is_live);
            desk++;
        }
    }
    mocap_close(client);
    assert_int_equal(process_wait(&process), 0);
    assert_in_range(desk, 1, GOES - COMES);
}

// A stream that ended in one pass of --loop goes on in the next.
static void a_loop_brings_them_back(void **state)
{
    (void)state;
    const char *path = process_path("c.cbor"), *socket_path = process_path("c.sock");
    make_recording(path, true);
    const char *arguments[] = { "--socket", socket_path, "replay", path,
                                "--loop",   "--speed",   "1000",   NULL };
    struct process process = process_start(MOCAPCTL, arguments);
    process_wait_socket(&process, socket_path);
    struct mocap_client *client = subscribe(socket_path);
    struct mocap_message message;
    uint64_t last = 0;
    int ends = 0;
    bool has_ended = false;
    while (ends < 3) {
        assert_int_equal(mocap_next(client, TIMEOUT_MS, &message, NULL), MOCAP_MESSAGE);
        if (message.type == MOCAP_RECORD && strcmp(message.record->stream, "desk") == 0) {
            assert_false(has_ended);
            assert_true(last == 0 || message.record->seq == last + 1 + message.record->missed);
            last = message.record->seq;
        } else if (message.type == MOCAP_STATE && strcmp(message.stream, "desk") == 0) {
            has_ended = strcmp(message.state, "ended") == 0;
        } else if (message.type == MOCAP_END) {
            assert_string_equal(message.stream, "desk");
            ends++;
        }
    }
    kill(process.pid, SIGTERM);
    mocap_close(client);
    assert_int_equal(process_wait(&process), 0);
}

struct recorded {
    int main, desk;    // records
    int with, without; // messages `streams`, with and without desk
};

static void read_recording(const char *path, struct recorded *recorded)
{
    struct mc_error err = { 0 };
    struct protocol_recording *recording = protocol_recording_open(path, &err);
    struct protocol_message *message = calloc(1, sizeof *message);
    const char *item;
    size_t length;
    assert_non_null(recording);
    assert_non_null(message);
    *recorded = (struct recorded){ 0 };
    while (protocol_recording_next(recording, &item, &length, &err) == PROTOCOL_RECORDING_MESSAGE) {
        assert_true(protocol_decode_message(PROTOCOL_CBOR, item, length, message, &err));
        if (message->type == PROTOCOL_MESSAGE_MOTION) {
            const bool is_desk = strcmp(message->record.stream, "desk") == 0;
            *(is_desk ? &recorded->desk : &recorded->main) += 1;
        } else if (message->type == PROTOCOL_MESSAGE_STREAMS) {
            *(message->streams.stream_count == 2 ? &recorded->with : &recorded->without) += 1;
        }
    }
    free(message);
    protocol_recording_close(recording);
}

static void recordings_say_which_streams_came(void **state)
{
    (void)state;
    const char *path = process_path("d.cbor"), *socket_path = process_path("d.sock");
    const char *again = process_path("e.cbor"), *only = process_path("f.cbor");
    struct recorded recorded;
    struct process recorder;
    make_recording(path, true);
    struct process process = replay(path, socket_path, "--every-frame");
    const char *all[] = { "--socket", socket_path, "record", again, NULL };
    assert_int_equal(process_run(&recorder, MOCAPCTL, all), 0);
    assert_int_equal(process_wait(&process), 0);
    read_recording(again, &recorded);
    assert_int_equal(recorded.main, RECORDS);
    assert_int_equal(recorded.desk, GOES - COMES);
    assert_int_equal(recorded.with, 1);

    process = replay(path, socket_path, "--every-frame");
    const char *one[] = { "--socket", socket_path, "record", "--stream", "main", only, NULL };
    assert_int_equal(process_run(&recorder, MOCAPCTL, one), 0);
    assert_int_equal(process_wait(&process), 0);
    read_recording(only, &recorded);
    assert_int_equal(recorded.main, RECORDS);
    assert_int_equal(recorded.desk, 0);
    assert_int_equal(recorded.with, 0);
}

// A format that holds one stream does not pick one by itself.
static void an_export_of_one_stream_names_it(void **state)
{
    (void)state;
    static char text[65536];
    const char *path = process_path("g.cbor");
    struct process process;
    make_recording(path, true);
    const char *arguments[] = { "export", path, "--bvh", NULL, NULL, NULL };
    assert_int_equal(process_run(&process, MOCAPCTL, arguments), 1);
    process_assert_one_error(&process, "--stream must be given");
    process_read(process.err_path, text, sizeof text);
    assert_non_null(strstr(text, "main, desk"));
    arguments[3] = "--stream";
    arguments[4] = "desk";
    assert_int_equal(process_run(&process, MOCAPCTL, arguments), 0);
    process_read(process.out_path, text, sizeof text);
    assert_non_null(strstr(text, "MOTION"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_serves_streams_that_came_later),
        cmocka_unit_test(replay_serves_them_from_the_middle),
        cmocka_unit_test(a_loop_brings_them_back),
        cmocka_unit_test(recordings_say_which_streams_came),
        cmocka_unit_test(an_export_of_one_stream_names_it),
    };
    return cmocka_run_group_tests(tests, process_set_up, process_tear_down);
}
