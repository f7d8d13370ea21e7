// Recordings: what replay serves is what was recorded, byte for byte but for the times;
// a writer that is killed leaves all that it had got.
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/encode.h"
#include "protocol/mocap.h"
#include "protocol/recording.h"
#include "protocol/writer.h"
#include "tests/integration/process.h"

// FIRST: a recorder begins in the middle of a stream.
enum { RECORDS = 200, FIRST = 500, STEP_NS = 40000000, TIMEOUT_MS = 60000, ITEM_BYTES = 16384 };
enum { DENSE = 3 }; // points

struct item {
    size_t length;
    char bytes[ITEM_BYTES];
};

static struct item made[RECORDS];

static void fill(struct protocol_record *record, int number)
{
    snprintf(record->stream, sizeof record->stream, "main");
    record->seq = (uint64_t)(FIRST + number);
    record->pts = (FIRST + number) * 0.04;
    record->t_arrival_ns = INT64_C(77000000000000) + number * (int64_t)STEP_NS;
    record->t_publish_ns = record->t_arrival_ns + 5000000;
    record->width = 640;
    record->height = 480;
    record->damaged = number % 7 == 0;
    record->face_count = number % 5 == 4 ? 0 : 1;
    struct protocol_face *face = &record->faces[0];
    face->id = 1;
    face->score = 1.0f / (float)(number + 1);
    face->keypoint_count = 68;
    face->has_raw = face->has_pose = face->has_shapes = true;
    face->has_jacobians = number % 2 == 0;
    for (int k = 0; k < 68; k++) {
        face->keypoints[k] = (struct mc_keypoint){ (float)k / 3, (float)number / 7, 0.5f };
        face->raw[k] = (struct mc_keypoint){ (float)k / 11, (float)number, 0.25f };
        face->jacobians[k][0] = (float)number / 13;
    }
    face->has_dense = true;
    face->dense_count = DENSE;
    for (int k = 0; k < DENSE; k++) {
        face->dense[k] = (struct mc_keypoint){ (float)(100 * k), (float)number, 0.5f };
    }
    // Turned about y, to the image's left.
    float half = (float)number * 0.5f * 3.14159265f / 180;
    face->pose = (struct protocol_pose){ .rotation = { 0, sinf(half), 0, cosf(half) },
                                         .euler = { 0, (float)number, 0 },
                                         .translation = { 0.1f * (float)number, 0, 4 } };
    face->shapes[PROTOCOL_JAW_OPEN] = (float)number / RECORDS;
}

static void make_items(void)
{
    struct protocol_record *record = calloc(1, sizeof *record);
    struct protocol_buffer buffer;
    assert_non_null(record);
    protocol_buffer_init(&buffer, PROTOCOL_MESSAGE_BYTES);
    for (int i = 0; i < RECORDS; i++) {
        char tail[PROTOCOL_TAIL_BYTES];
        fill(record, i);
        protocol_buffer_clear(&buffer);
        protocol_encode_record(&buffer, PROTOCOL_CBOR, record, PROTOCOL_INCLUDE_ALL);
        protocol_buffer_bytes(&buffer, tail, protocol_encode_tail(tail, PROTOCOL_CBOR, 0));
        made[i].length = buffer.length - PROTOCOL_LENGTH_BYTES;
        assert_true(made[i].length <= ITEM_BYTES);
        memcpy(made[i].bytes, buffer.data + PROTOCOL_LENGTH_BYTES, made[i].length);
    }
    protocol_buffer_finish(&buffer);
    free(record);
}

static struct protocol_recorder *begin_recording(const char *path)
{
    const struct protocol_hello hello = {
        .major = 1,
        .server = "test",
        .boot_id = "b",
        .stream_count = 1,
        .streams = { "main" },
        .dense = { .name = "test", .count = DENSE },
    };
    struct mc_error err = { 0 };
    unlink(path);
    struct protocol_recorder *recorder = protocol_recorder_create(path, &hello, &err);
    if (recorder == NULL) {
        fail_msg("%s", err.message);
    }
    for (int i = 0; i < RECORDS; i++) {
        assert_true(protocol_recorder_add(recorder, made[i].bytes, made[i].length,
                                          INT64_C(77000005000000) + i * (int64_t)STEP_NS, &err));
    }
    return recorder;
}

static void make_recording(const char *path)
{
    struct mc_error err = { 0 };
    assert_true(protocol_recorder_finish(begin_recording(path), &err));
}

static int set_up(void **state)
{
    make_items();
    return process_set_up(state);
}

// The times that replay sets: blank.
static void blank(char *bytes, size_t length)
{
    static const char *const names[] = { "t_arrival_ns", "t_publish_ns" };
    for (int i = 0; i < 2; i++) {
        char *at = memmem(bytes, length, names[i], strlen(names[i]));
        assert_non_null(at);
        at += strlen(names[i]);
        assert_int_equal(*at, 0x1b); // a number of 8 bytes
        memset(at + 1, 0, 8);
    }
}

static void assert_same(int number, const char *bytes, size_t length)
{
    static char got[ITEM_BYTES], want[ITEM_BYTES];
    assert_int_equal(length, made[number].length);
    memcpy(got, bytes, length);
    memcpy(want, made[number].bytes, length);
    blank(got, length);
    blank(want, length);
    assert_memory_equal(got, want, length);
}

static struct process replay(const char *path, const char *socket_path, const char *option)
{
    const char *arguments[] = { "--socket", socket_path, "replay", path, option, NULL };
    struct process process = process_start(MOCAPCTL, arguments);
    process_wait_socket(&process, socket_path);
    return process;
}

static struct mocap_client *subscribe(const char *socket_path, enum mocap_encoding encoding)
{
    struct mocap_error error;
    struct mocap_client *client = mocap_connect(socket_path, TIMEOUT_MS, &error);
    const struct mocap_options options = { .include = MOCAP_INCLUDE_ALL, .encoding = encoding };
    if (client == NULL || !mocap_subscribe(client, &options, TIMEOUT_MS, &error)) {
        fail_msg("%s", error.message);
    }
    return client;
}

static void replay_serves_what_was_recorded(void **state)
{
    (void)state;
    const char *path = process_path("a.cbor"), *socket_path = process_path("a.sock");
    make_recording(path);
    struct process process = replay(path, socket_path, "--every-frame");
    struct mocap_client *client = subscribe(socket_path, MOCAP_ENCODING_CBOR);
    struct mocap_message message;
    struct mocap_error error;
    int records = 0;
    bool ended = false;
    while (mocap_next(client, TIMEOUT_MS, &message, &error) == MOCAP_MESSAGE) {
        if (message.type == MOCAP_RECORD) {
            assert_same(records++, message.bytes, message.length);
            assert_true(message.record->t_publish_ns > 0);
            assert_true(message.record->t_publish_ns - message.record->t_arrival_ns >= 5000000);
        }
        ended = ended || message.type == MOCAP_END;
    }
    assert_int_equal(records, RECORDS);
    assert_true(ended);
    mocap_close(client);
    assert_int_equal(process_wait(&process), 0);
}

static void a_recording_of_a_replay_is_the_same(void **state)
{
    (void)state;
    const char *path = process_path("b.cbor"), *again = process_path("c.cbor");
    const char *socket_path = process_path("b.sock");
    make_recording(path);
    struct process process = replay(path, socket_path, "--every-frame"), recorder;
    const char *arguments[] = { "--socket", socket_path, "record", again, NULL };
    assert_int_equal(process_run(&recorder, MOCAPCTL, arguments), 0);
    assert_int_equal(process_wait(&process), 0);

    struct mc_error err = { 0 };
    struct protocol_recording *recording = protocol_recording_open(again, &err);
    const char *item;
    size_t length;
    int records = 0;
    assert_non_null(recording);
    while (protocol_recording_next(recording, &item, &length, &err) == PROTOCOL_RECORDING_MESSAGE) {
        if (memmem(item, length, "motion", 6) != NULL) {
            assert_same(records++, item, length);
        }
    }
    assert_int_equal(records, RECORDS);
    // The file that is there is not written over.
    assert_int_equal(process_run(&recorder, MOCAPCTL, arguments), 1);
    protocol_recording_close(recording);
}

static int count_records(const char *path)
{
    struct mc_error err = { 0 };
    struct protocol_recording *recording = protocol_recording_open(path, &err);
    const char *item;
    size_t length;
    int records = 0;
    assert_non_null(recording);
    while (protocol_recording_next(recording, &item, &length, &err) == PROTOCOL_RECORDING_MESSAGE) {
        records += memmem(item, length, "t_publish_ns", 12) != NULL;
    }
    protocol_recording_close(recording);
    return records;
}

// Starts recording, and kills the daemon in the middle.
static struct process record_until_killed(const char *path, const char *again,
                                          const char *socket_path)
{
    struct process server = replay(path, socket_path, NULL);
    const char *arguments[] = { "--socket", socket_path, "record", again, NULL };
    const struct process recorder = process_start(MOCAPCTL, arguments);
    struct stat file = { 0 };
    while (stat(again, &file) != 0 || file.st_size < 20000) {
        usleep(5000);
    }
    kill(server.pid, SIGKILL);
    assert_int_equal(process_wait(&server), 128 + SIGKILL);
    return recorder;
}

static void wait_until_said(const struct process *process, const char *needle)
{
    char text[4096];
    do {
        usleep(5000);
        process_read(process->err_path, text, sizeof text);
    } while (strstr(text, needle) == NULL);
}

static void a_recording_goes_on_after_a_restart(void **state)
{
    (void)state;
    const char *path = process_path("k.cbor"), *again = process_path("l.cbor");
    const char *socket_path = process_path("k.sock");
    make_recording(path);
    struct process recorder = record_until_killed(path, again, socket_path);
    wait_until_said(&recorder, "the daemon is gone after ");
    struct process server = replay(path, socket_path, "--every-frame");
    assert_int_equal(process_wait(&recorder), 0); // when all streams have ended
    assert_int_equal(process_wait(&server), 0);
    wait_until_said(&recorder, "the daemon is back; the recording has a gap of ");
    wait_until_said(&recorder, " without a daemon");
    assert_in_range(count_records(again), RECORDS + 1, 2 * RECORDS);
}

static void a_recording_that_a_fault_ended_is_a_failure(void **state)
{
    (void)state;
    const char *path = process_path("m.cbor"), *again = process_path("n.cbor");
    const char *socket_path = process_path("m.sock");
    make_recording(path);
    struct process recorder = record_until_killed(path, again, socket_path);
    wait_until_said(&recorder, "the daemon is gone after ");
    kill(recorder.pid, SIGINT);
    assert_int_equal(process_wait(&recorder), 1);
    wait_until_said(&recorder, "the daemon did not come back");
    assert_true(count_records(again) > 0);

    // A source that cannot be read.
    const char *failing[] = { "--socket", socket_path, "--stream", "a=/nowhere/clip.mp4",
                              "--stream", "b=demo:",   NULL };
    struct process daemon = process_start(MOCAPD, failing);
    process_wait_socket(&daemon, socket_path);
    const char *arguments[] = { "--socket", socket_path, "record",
                                "--stream", "a",         process_path("o.cbor"),
                                NULL };
    assert_int_equal(process_run(&recorder, MOCAPCTL, arguments), 1);
    wait_until_said(&recorder, "a: failed: /nowhere/clip.mp4: No such file or directory");
    kill(daemon.pid, SIGTERM);
    assert_int_equal(process_wait(&daemon), 0);
}

// BVH has one frame time: a gap must stay as long as it was.
static void a_bvh_takes_as_long_as_what_was_recorded(void **state)
{
    (void)state;
    static char text[400000];
    const struct protocol_hello hello = {
        .major = 1, .server = "test", .boot_id = "b", .stream_count = 1, .streams = { "main" }
    };
    struct mc_error err = { 0 };
    const char *path = process_path("p.cbor");
    struct protocol_recorder *recorder = protocol_recorder_create(path, &hello, &err);
    for (int i = 0; i < RECORDS; i++) {
        if (i < 20 || i >= 40) {
            assert_true(
                protocol_recorder_add(recorder, made[i].bytes, made[i].length, i + 1, &err));
        }
    }
    assert_true(protocol_recorder_finish(recorder, &err));
    struct process process;
    assert_int_equal(
        process_run(&process, MOCAPCTL, (const char *[]){ "export", path, "--bvh", NULL }), 0);
    process_read(process.out_path, text, sizeof text);
    assert_non_null(strstr(text, "Frames: 200\nFrame Time: 0.040000\n"));
    const char *line = strstr(text, "Frame Time: ");
    for (int i = 0; i < 31; i++) {
        line = strchr(line, '\n') + 1;
    }
    // Frame 30, between 18 (19 shows nobody) and 40: 11 of 21 steps after 19.
    float x, neck, head;
    assert_int_equal(sscanf(line, "%f %*f %*f 0 0 0 %*f %*f %f %*f %*f %f", &x, &neck, &head), 3);
    assert_float_equal(x, 14 * 0.1 * (18 + 22 * 11.0 / 21), 0.01);
    assert_float_equal(neck + head, -(18 + 22 * 11.0 / 21), 0.05);
    assert_float_equal(2 * neck, head, 1e-3); // a third of the turn is the neck's
}

// A recording cut anywhere gives every complete message before the cut.
static void a_cut_recording_gives_what_is_whole(void **state)
{
    (void)state;
    const char *path = process_path("d.cbor");
    struct mc_error err = { 0 };
    make_recording(path);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    struct protocol_recording *recording = protocol_recording_open(path, &err);
    assert_true(protocol_recording_seek(recording, 3.5, &err)); // the index has every second
    const char *item;
    size_t length;
    assert_int_equal(protocol_recording_next(recording, &item, &length, &err),
                     PROTOCOL_RECORDING_MESSAGE);
    assert_same(75, item, length);
    protocol_recording_close(recording);

    for (off_t size = file.st_size - 1; size > 100; size -= 1 + size / 97) {
        assert_int_equal(truncate(path, size), 0);
        recording = protocol_recording_open(path, &err);
        assert_non_null(recording);
        enum protocol_recording_result result;
        int records = 0;
        while ((result = protocol_recording_next(recording, &item, &length, &err)) ==
               PROTOCOL_RECORDING_MESSAGE) {
            if (memmem(item, length, "motion", 6) != NULL) {
                assert_same(records++, item, length);
            }
        }
        assert_true(result == PROTOCOL_RECORDING_CUT || result == PROTOCOL_RECORDING_END);
        assert_true(records == RECORDS || size < file.st_size - 400);
        assert_false(protocol_recording_seek(recording, 1, &err));
        protocol_recording_close(recording);
    }
}

static void a_recorder_that_is_killed_leaves_a_recording(void **state)
{
    (void)state;
    const char *path = process_path("e.cbor");
    struct mc_error err = { 0 };
    unlink(path);
    pid_t pid = fork();
    if (pid == 0) {
        struct protocol_recorder *recorder = begin_recording(path);
        if (protocol_recorder_flush(recorder, &err)) {
            kill(getpid(), SIGKILL);
        }
        _exit(0);
    }
    struct process process = { .pid = pid };
    assert_int_equal(process_wait(&process), 128 + SIGKILL);
    const char *arguments[] = { "export", path, "--json", NULL };
    assert_int_equal(process_run(&process, MOCAPCTL, arguments), 0);
    static char text[4000000];
    process_read(process.out_path, text, sizeof text);
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, RECORDS);
}

static void a_loop_goes_on_counting(void **state)
{
    (void)state;
    const char *path = process_path("f.cbor"), *socket_path = process_path("f.sock");
    make_recording(path);
    const char *arguments[] = { "--socket", socket_path, "replay", path,
                                "--loop",   "--speed",   "1000",   NULL };
    struct process process = process_start(MOCAPCTL, arguments);
    process_wait_socket(&process, socket_path);
    struct mocap_client *client = subscribe(socket_path, MOCAP_ENCODING_JSON);
    struct mocap_message message;
    uint64_t last = 0;
    double pts = -1;
    while (last < FIRST + 3 * RECORDS) {
        assert_int_equal(mocap_next(client, TIMEOUT_MS, &message, NULL), MOCAP_MESSAGE);
        if (message.type == MOCAP_RECORD) {
            assert_true(message.record->pts > pts);
            assert_true(last == 0 || message.record->seq == last + 1 + message.record->missed);
            last = message.record->seq;
            pts = message.record->pts;
            assert_true(fabs(pts - (double)last * 0.04) < 1e-6);
        }
    }
    kill(process.pid, SIGTERM);
    mocap_close(client);
    assert_int_equal(process_wait(&process), 0);
}

// Each pass begins where --from says, in the middle of the recording.
static void a_loop_begins_again_where_it_began(void **state)
{
    (void)state;
    const char *path = process_path("i.cbor"), *socket_path = process_path("i.sock");
    make_recording(path);
    const char *arguments[] = { "--socket", socket_path, "replay", path,  "--loop",
                                "--speed",  "1000",      "--from", "4.5", NULL };
    struct process process = process_start(MOCAPCTL, arguments);
    process_wait_socket(&process, socket_path);
    struct mocap_client *client = subscribe(socket_path, MOCAP_ENCODING_JSON);
    struct mocap_message message;
    uint64_t last = 0;
    while (last < FIRST + 4 * RECORDS) {
        assert_int_equal(mocap_next(client, TIMEOUT_MS, &message, NULL), MOCAP_MESSAGE);
        if (message.type == MOCAP_RECORD) {
            assert_true(last == 0 || message.record->seq == last + 1 + message.record->missed);
            last = message.record->seq;
            // Its place in the recording, as fill has it; the index has every second.
            assert_true(message.record->face_count == 0 ||
                        message.record->faces[0].keypoints[0].y * 7 > 99);
        }
    }
    kill(process.pid, SIGTERM);
    mocap_close(client);
    assert_int_equal(process_wait(&process), 0);
}

static char text[4000000]; // what was exported

// A line has as many columns as the header.
static void assert_columns(const char *line)
{
    int columns = 1, header = 1;
    for (const char *at = text; *at != '\n'; at++) {
        header += *at == ',';
    }
    for (const char *at = line; *at != '\n'; at++) {
        columns += *at == ',';
    }
    assert_int_equal(columns, header);
}

static void exports_have_what_was_recorded(void **state)
{
    (void)state;
    const char *path = process_path("g.cbor");
    make_recording(path);
    struct process process;
    assert_int_equal(
        process_run(&process, MOCAPCTL, (const char *[]){ "export", path, "--csv", NULL }), 0);
    process_read(process.out_path, text, sizeof text);
    const char *line = strstr(text, "\nmain,503,");
    assert_non_null(line);
    assert_non_null(strstr(text, ",pitch,yaw,roll,"));
    assert_non_null(strstr(line, ",0,3,0,")); // its yaw
    assert_columns(line + 1);
    assert_null(strstr(text, "dense"));

    // BVH: the head turns about y. In its axes (y up) that is the other way round.
    assert_int_equal(
        process_run(&process, MOCAPCTL, (const char *[]){ "export", path, "--bvh", NULL }), 0);
    process_read(process.out_path, text, sizeof text);
    assert_non_null(strstr(text, "Frames: 200\nFrame Time: 0.040000\n"));
    assert_non_null(strstr(text, "\n4.2000 0.0000 0.0000 0 0 0 0.0000 0.0000 -1.0000 "
                                 "0.0000 0.0000 -2.0000\n"));

    // A take of Live Link Face: record 1 is at 20.04 s, 2.4 frames into a second; the head's yaw
    // of a degree is in radians.
    assert_int_equal(
        process_run(&process, MOCAPCTL, (const char *[]){ "export", path, "--live-link", NULL }),
        0);
    process_read(process.out_path, text, sizeof text);
    assert_int_equal(strncmp(text, "Timecode,BlendShapeCount,EyeBlinkLeft,EyeLookDownLeft,", 54),
                     0);
    assert_non_null(strstr(text, ",JawForward,JawRight,JawLeft,JawOpen,")); // as the app has them
    assert_non_null(strstr(text, ",MouthPucker,MouthRight,MouthLeft,MouthSmileLeft,"));
    const char *take = strstr(text, ",TongueOut,HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,LeftEyePitch,"
                                    "LeftEyeRoll,RightEyeYaw,RightEyePitch,RightEyeRoll\n");
    assert_non_null(take);
    take = strstr(take, "\n00:00:20:02.400,61,");
    assert_non_null(take);
    float head_yaw;
    for (int i = 0; i < 2 + 52; i++) {
        take = strchr(take, ',') + 1;
    }
    assert_int_equal(sscanf(take, "%f", &head_yaw), 1);
    assert_float_equal(head_yaw, 0.0174533, 1e-5);
    assert_non_null(strstr(text, "\n00:00:21:00.000,61,")); // record 25

    assert_int_equal(
        process_run(&process, MOCAPCTL, (const char *[]){ "export", MOCAPCTL, "--csv", NULL }), 1);
    process_assert_one_error(&process, "must be a recording");
}

static void dense_points_are_exported_on_request(void **state)
{
    (void)state;
    const char *path = process_path("n.cbor");
    make_recording(path);
    struct process process;
    const char *arguments[] = { "export", path, "--csv", "--dense", NULL };
    assert_int_equal(process_run(&process, MOCAPCTL, arguments), 0);
    process_read(process.out_path, text, sizeof text);
    assert_non_null(strstr(text, ",gaze_z,dense_x0,dense_y0,dense_c0,dense_x1,dense_y1,dense_c1,"
                                 "dense_x2,dense_y2,dense_c2\n"));
    const char *line = strstr(text, "\nmain,503,") + 1; // of a face
    assert_columns(line);
    assert_non_null(strstr(line, ",0,3,0.5,100,3,0.5,200,3,0.5\n"));
    assert_columns(strstr(text, "\nmain,504,") + 1); // of none

    arguments[2] = "--json";
    assert_int_equal(process_run(&process, MOCAPCTL, arguments), 2);
    process_read(process.err_path, text, sizeof text); // and where help is
    assert_non_null(strstr(text, "--dense is for --csv"));
}

// By any name: here one of its own, and that of a link to it.
static void export_keeps_what_it_reads(void **state)
{
    (void)state;
    const char *path = process_path("h.cbor"), *other = process_path("h.link");
    make_recording(path);
    assert_int_equal(link(path, other), 0);
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    struct process process;
    const char *const outputs[] = { path, other };
    for (int i = 0; i < 2; i++) {
        const char *arguments[] = { "export", path, "--csv", "-o", outputs[i], NULL };
        assert_int_equal(process_run(&process, MOCAPCTL, arguments), 2);
        assert_int_equal(stat(path, &after), 0);
        assert_int_equal(after.st_size, before.st_size);
    }
}

static void calibrate_keeps_its_images(void **state)
{
    (void)state;
    const char *model = process_path("m.safetensors"), *clip = process_path("clip.mp4");
    struct stat file;
    struct process process;
    FILE *out = fopen(clip, "we");
    assert_non_null(out);
    fputs("what was there", out);
    fclose(out);
    const char *arguments[] = { "model", "calibrate", model, "--images", clip, "-o", clip, NULL };
    assert_int_equal(process_run(&process, MOCAP_LAB, arguments), 2);
    char said[4096];
    process_read(process.err_path, said, sizeof said);
    assert_non_null(strstr(said, "would overwrite"));
    assert_int_equal(stat(clip, &file), 0);
    assert_int_equal(file.st_size, strlen("what was there"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_serves_what_was_recorded),
        cmocka_unit_test(a_recording_of_a_replay_is_the_same),
        cmocka_unit_test(a_recording_goes_on_after_a_restart),
        cmocka_unit_test(a_recording_that_a_fault_ended_is_a_failure),
        cmocka_unit_test(a_bvh_takes_as_long_as_what_was_recorded),
        cmocka_unit_test(a_cut_recording_gives_what_is_whole),
        cmocka_unit_test(a_recorder_that_is_killed_leaves_a_recording),
        cmocka_unit_test(a_loop_goes_on_counting),
        cmocka_unit_test(a_loop_begins_again_where_it_began),
        cmocka_unit_test(exports_have_what_was_recorded),
        cmocka_unit_test(dense_points_are_exported_on_request),
        cmocka_unit_test(export_keeps_what_it_reads),
        cmocka_unit_test(calibrate_keeps_its_images),
    };
    return cmocka_run_group_tests(tests, set_up, process_tear_down);
}
