// Writes one or more of every message that the encoders can make, and of every request,
// to files in a directory: messages.json, messages.cbor, requests.json; and records.cbor,
// a recording. For tests in other languages.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/encode.h"
#include "protocol/recording.h"
#include "protocol/request.h"
#include "protocol/stream_change.h"
#include "protocol/writer.h"

enum { RECORDS = 50, STEP_NS = 40000000 };

static void fill(struct protocol_record *record, int number)
{
    *record = (struct protocol_record){ .stream = "main", .seq = (uint64_t)number };
    record->pts = number * 0.04;
    record->t_arrival_ns = INT64_C(77000000000000) + number * (int64_t)STEP_NS;
    record->t_publish_ns = record->t_arrival_ns + 5000000;
    record->width = 640;
    record->height = 480;
    record->fence = number == 6 ? 7 : 0;
    record->damaged = number == 3;
    record->lost = number == 5 ? PROTOCOL_LOST_HOLD : PROTOCOL_LOST_NONE;
    record->face_count = number == 4 ? 0 : 1;
    struct protocol_face *face = &record->faces[0];
    face->id = 1;
    face->score = 0.75f;
    face->keypoint_count = 68;
    face->has_raw = face->has_jacobians = face->has_pose = face->has_shapes = true;
    for (int k = 0; k < 68; k++) {
        face->keypoints[k] = (struct mc_keypoint){ (float)k + 0.5f, (float)number, 0.5f };
        face->raw[k] = (struct mc_keypoint){ (float)k, (float)number + 0.25f, 0.25f };
        face->jacobians[k][3] = 1;
    }
    face->pose = (struct protocol_pose){ .rotation = { 0, 0, 0, 1 }, .translation = { 0, 0, 4 } };
    face->shapes[PROTOCOL_JAW_OPEN] = (float)number / 64;
    face->has_gaze = face->has_dense = true;
    face->gaze = (struct protocol_gaze){ { 5, -2 }, { -5, -2 }, number != 1, { 0, 0.25f, -2 } };
    face->dense_count = 212;
    for (int k = 0; k < face->dense_count; k++) {
        face->dense[k] = (struct mc_keypoint){ (float)k + 0.25f, (float)number, 0.75f };
    }
}

static void encode_record(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                          const struct protocol_record *record, unsigned include)
{
    char tail[PROTOCOL_TAIL_BYTES];
    protocol_encode_record(buffer, encoding, record, include);
    protocol_buffer_bytes(buffer, tail, protocol_encode_tail(tail, encoding, 2));
}

static void encode_streams(struct protocol_buffer *buffer, enum protocol_encoding encoding)
{
    static const struct protocol_streams streams = { 2, { "main", "door" } };
    struct protocol_reloaded reloaded = {
        .id = { true, 9 }, .added = streams, .restart_count = 1, .restart = { "workers" }
    };
    for (int action = 0; action < PROTOCOL_STREAM_ACTION_COUNT; action++) {
        const struct protocol_stream_changed changed = {
            { true, 8 }, (enum protocol_stream_action)action, "door", action == 0
        };
        protocol_encode_stream_changed(buffer, encoding, &changed);
    }
    protocol_encode_streams(buffer, encoding, &streams);
    protocol_encode_reloaded(buffer, encoding, &reloaded);
    reloaded.failed = (struct protocol_streams){ 1, { "attic" } };
    protocol_encode_reloaded(buffer, encoding, &reloaded);
}

static void encode_all(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                       struct protocol_record *record)
{
    struct protocol_subscribed granted = {
        .policy = { encoding, PROTOCOL_INCLUDE_ALL, 0, PROTOCOL_LOST_NONE, PROTOCOL_LATEST, 64,
                    "" },
        .stream_count = 1,
        .streams = { "main" },
    };
    static struct protocol_status status = {
        .uptime_s = 1.5,
        .network_count = 1,
        .networks = { { "landmarks", "a.safetensors", "int8" } },
        .stream_count = 1,
        .streams = { { .stream = "main", .state = PROTOCOL_STREAM_LIVE } }
    };
    for (int mode = 0; mode < PROTOCOL_MODE_COUNT; mode++) {
        granted.policy.mode = (enum protocol_mode)mode;
        granted.policy.lost = (enum protocol_lost)mode; // there are as many
        protocol_encode_subscribed(buffer, encoding, &granted);
    }
    protocol_encode_unsubscribed(buffer, encoding, &granted);
    protocol_encode_status(buffer, encoding, &status);
    protocol_encode_pong(buffer, encoding, (struct protocol_id){ true, -3 });
    protocol_encode_metrics(buffer, encoding, (struct protocol_id){ 0 }, "up 1\n");
    protocol_encode_calibrated(
        buffer, encoding,
        &(struct protocol_calibrated){ .id = { true, 4 }, .stream = "main", .faces = 1 });
    static struct protocol_calibrated ranged = {
        .id = { true, 5 }, .stream = "main", .faces = 1, .profile = "anna", .range_count = 1
    };
    ranged.ranges[0].peaks = ranged.ranges[0].gains =
        (struct protocol_shape_numbers){ .known = 5, .values = { 0.5f, 0, 1 } };
    protocol_encode_calibrated(buffer, encoding, &ranged);
    static struct protocol_calibration profile = { .stream = "main",
                                                   .profile = "anna",
                                                   .active = true,
                                                   .face_count = 1,
                                                   .shapes = 3,
                                                   .profile_count = 1,
                                                   .profiles = { "anna" } };
    profile.faces[0].neutral = true;
    profile.faces[0].offsets = profile.faces[0].gains = ranged.ranges[0].gains;
    protocol_encode_calibration(buffer, encoding, &profile);
    encode_streams(buffer, encoding);
    for (int fov = 0; fov <= 60; fov += 60) {
        struct protocol_settings settings = { .id = { true, 6 },
                                              .stream = "main",
                                              .smooth = fov > 0,
                                              .smooth_min_cutoff = 1,
                                              .smooth_beta = 20,
                                              .fov = (float)fov,
                                              .gains = ranged.ranges[0].gains,
                                              .changed = fov > 0 };
        protocol_encode_settings(buffer, encoding, &settings);
    }
    for (int code = 0; code < PROTOCOL_ERROR_OTHER; code++) {
        protocol_encode_error(buffer, encoding,
                              &(struct protocol_error){ .code = (enum protocol_error_code)code });
    }
    protocol_encode_state(buffer, encoding,
                          &(struct protocol_state){ "main", PROTOCOL_STREAM_LIVE, "" });
    protocol_encode_end(buffer, encoding,
                        &(struct protocol_end){ "main", 75, PROTOCOL_STREAM_ENDED, "" });
    for (int number = 0; number < 6; number++) {
        fill(record, number);
        encode_record(buffer, encoding, record, PROTOCOL_INCLUDE_ALL);
        encode_record(buffer, encoding, record, 0);
    }
}

static void write_stream_requests(struct protocol_buffer *buffer)
{
    static const struct protocol_stream_change add = {
        .id = { true, 1 },
        .action = PROTOCOL_STREAM_ADD,
        .stream = "door",
        .option_count = 2,
        .options = { { "url", "rtsp://camera.local/live" }, { "max-faces", "2" } },
    };
    static const struct protocol_stream_change remove = { .action = PROTOCOL_STREAM_REMOVE,
                                                          .stream = "door" };
    static const struct protocol_request reload = { .type = PROTOCOL_RELOAD, .id = { true, 2 } };
    protocol_stream_change_write(buffer, &add);
    protocol_stream_change_write(buffer, &remove);
    protocol_request_write(buffer, &reload);
}

static void write_requests(struct protocol_buffer *buffer)
{
    write_stream_requests(buffer);
    for (int type = 0; type <= PROTOCOL_CALIBRATE; type++) {
        struct protocol_request request = { .type = (enum protocol_request_type)type,
                                            .id = { true, type } };
        if (type != PROTOCOL_STATUS && type != PROTOCOL_PING) {
            snprintf(request.stream, sizeof request.stream, "main");
        }
        request.policy = (struct protocol_policy){
            PROTOCOL_CBOR, PROTOCOL_POSE, 20, PROTOCOL_LOST_HOLD, PROTOCOL_QUEUE, 5, "label"
        };
        request.encoding_given = request.mode_given = true;
        protocol_request_write(buffer, &request);
    }
    for (int action = 0; action < PROTOCOL_CALIBRATE_COUNT; action++) {
        const struct protocol_request request = {
            .type = PROTOCOL_CALIBRATE,
            .stream = "main",
            .action = (enum protocol_calibrate_action)action,
            .profile = "anna",
            .shapes = 3,
        };
        protocol_request_write(buffer, &request);
    }
}

static bool save(const char *directory, const char *name, struct protocol_buffer *buffer)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    bool good = file != NULL && !buffer->failed &&
                fwrite(buffer->data, 1, buffer->length, file) == buffer->length;
    good = file != NULL && fclose(file) == 0 && good;
    protocol_buffer_clear(buffer);
    return good;
}

static void fill_hello(struct protocol_hello *hello)
{
    *hello = (struct protocol_hello){ .major = PROTOCOL_MAJOR,
                                      .minor = PROTOCOL_MINOR,
                                      .server = "samples",
                                      .boot_id = "b",
                                      .encodings = 3,
                                      .stream_count = 1,
                                      .streams = { "main" } };
    protocol_point_set_init(&hello->dense, "ict212", 212);
}

static bool save_recording(const char *directory, struct protocol_buffer *buffer,
                           struct protocol_record *record)
{
    char path[512];
    struct protocol_hello hello;
    fill_hello(&hello);
    snprintf(path, sizeof path, "%s/records.cbor", directory);
    struct protocol_recorder *recorder = protocol_recorder_create(path, &hello, NULL);
    bool good = recorder != NULL;
    for (int number = 0; good && number < RECORDS; number++) {
        fill(record, number);
        record->lost = PROTOCOL_LOST_NONE;
        protocol_buffer_clear(buffer);
        encode_record(buffer, PROTOCOL_CBOR, record, PROTOCOL_INCLUDE_ALL);
        good = protocol_recorder_add(recorder, buffer->data + PROTOCOL_LENGTH_BYTES,
                                     buffer->length - PROTOCOL_LENGTH_BYTES, record->t_publish_ns,
                                     NULL);
    }
    return good && protocol_recorder_finish(recorder, NULL);
}

int main(int argc, char **argv)
{
    struct protocol_buffer buffer;
    struct protocol_record *record = calloc(1, sizeof *record);
    if (argc != 2 || record == NULL) {
        return 2;
    }
    protocol_buffer_init(&buffer, 1 << 20);
    struct protocol_hello hello;
    fill_hello(&hello);
    protocol_encode_hello(&buffer, &hello);
    encode_all(&buffer, PROTOCOL_JSON, record);
    bool good = save(argv[1], "messages.json", &buffer);
    encode_all(&buffer, PROTOCOL_CBOR, record);
    good = good && save(argv[1], "messages.cbor", &buffer);
    write_requests(&buffer);
    good =
        good && save(argv[1], "requests.json", &buffer) && save_recording(argv[1], &buffer, record);
    protocol_buffer_finish(&buffer);
    free(record);
    return good ? 0 : 1;
}
