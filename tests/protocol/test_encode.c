#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/decode.h"
#include "protocol/encode.h"
#include "protocol/request.h"
#include "protocol/writer.h"

static struct protocol_buffer buffer;
static struct protocol_message *message;

static int setup(void **state)
{
    (void)state;
    protocol_buffer_init(&buffer, PROTOCOL_MESSAGE_BYTES);
    message = calloc(1, sizeof *message);
    return message == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    protocol_buffer_finish(&buffer);
    free(message);
    return 0;
}

// The one line in the buffer, as a string without its newline.
static const char *line(void)
{
    assert_false(buffer.failed);
    assert_true(buffer.length > 0);
    assert_int_equal(buffer.data[buffer.length - 1], '\n');
    buffer.data[buffer.length - 1] = '\0';
    assert_null(strchr(buffer.data, '\n'));
    return buffer.data;
}

// Reads back what was written.
static void parse(void)
{
    struct mc_error err = { 0 };
    const char *text = line();
    if (!protocol_decode_message(PROTOCOL_JSON, text, strlen(text), message, &err)) {
        fail_msg("%s: %s", err.message, text);
    }
}

static void write_record(const struct protocol_record *record, uint64_t missed)
{
    char tail[PROTOCOL_TAIL_BYTES];
    protocol_encode_record(&buffer, PROTOCOL_JSON, record, PROTOCOL_INCLUDE_ALL);
    protocol_buffer_bytes(&buffer, tail, protocol_encode_tail(tail, PROTOCOL_JSON, missed));
}

static void a_record_looks_as_documented(void **state)
{
    (void)state;
    struct protocol_record record = {
        .stream = "main",
        .seq = 1,
        .pts = 0.04,
        .t_arrival_ns = 1000,
        .t_publish_ns = 2000,
        .width = 360,
        .height = 288,
        .dropped = 2,
        .timing = { .reassembly = 7, .decode = 3, .wait = 4, .scale = 5, .infer = 6 },
        .face_count = 1,
        .faces = { { .id = 1,
                     .score = 0.91234f,
                     .box = { 1, 2, 3.5f, 4 },
                     .keypoint_count = 2,
                     .keypoints = { { 1.25f, -2, 0.5f }, { NAN, 3, 0.9f } } } },
    };
    write_record(&record, 7);
    assert_string_equal(line(),
                        "{\"type\":\"motion\",\"stream\":\"main\",\"seq\":1,\"pts\":0.040000,"
                        "\"t_arrival_ns\":1000,\"t_publish_ns\":2000,\"width\":360,\"height\":288,"
                        "\"dropped\":2,\"timing_us\":{\"reassembly\":7,\"decode\":3,\"wait\":4,"
                        "\"scale\":5,\"infer\":6},"
                        "\"faces\":[{\"id\":1,\"score\":0.9123,\"box\":[1.00,2.00,3.50,4.00],"
                        "\"keypoints\":[[1.25,-2.00,0.500],[0.00,0.00,0.000]]}],\"missed\":7}");
}

// The largest record there can be comes back as it went, to the decimals written.
static void a_full_record_comes_back(void **state)
{
    (void)state;
    struct protocol_record record = { .seq = PROTOCOL_COUNT_MAX, .face_count = PROTOCOL_FACES_MAX };
    memset(record.stream, 'n', PROTOCOL_NAME_BYTES - 1);
    for (int f = 0; f < PROTOCOL_FACES_MAX; f++) {
        struct protocol_face *face = &record.faces[f];
        face->id = f + 1;
        face->keypoint_count = PROTOCOL_KEYPOINTS_MAX;
        face->has_raw = face->has_jacobians = face->has_pose = face->has_shapes = true;
        face->has_gaze = face->has_dense = true;
        face->dense_count = PROTOCOL_DENSE_MAX;
        for (int k = 0; k < PROTOCOL_DENSE_MAX; k++) {
            face->dense[k] = (struct mc_keypoint){ -1e12f, -1e12f, -1e12f };
        }
        for (int k = 0; k < PROTOCOL_KEYPOINTS_MAX; k++) {
            face->keypoints[k] =
                (struct mc_keypoint){ -4096.0f + 37.77f * (float)k, 1e6f, 1.0f / (float)(k + 1) };
            face->raw[k] = (struct mc_keypoint){ -1e12f, -1e12f, -1e12f };
            for (int i = 0; i < 4; i++) {
                face->jacobians[k][i] = -1e12f;
            }
        }
    }
    write_record(&record, PROTOCOL_COUNT_MAX);
    parse();
    assert_int_equal(message->type, PROTOCOL_MESSAGE_MOTION);
    assert_true(message->missed == PROTOCOL_COUNT_MAX);
    const struct protocol_record *got = &message->record;
    assert_string_equal(got->stream, record.stream);
    assert_true(got->seq == record.seq);
    assert_int_equal(got->face_count, PROTOCOL_FACES_MAX);
    for (int f = 0; f < PROTOCOL_FACES_MAX; f++) {
        assert_int_equal(got->faces[f].keypoint_count, PROTOCOL_KEYPOINTS_MAX);
        assert_int_equal(got->faces[f].dense_count, PROTOCOL_DENSE_MAX);
        for (int k = 0; k < PROTOCOL_KEYPOINTS_MAX; k++) {
            struct mc_keypoint want = record.faces[f].keypoints[k];
            struct mc_keypoint have = got->faces[f].keypoints[k];
            assert_true(fabsf(want.x - have.x) <= 0.0051f);
            assert_true(want.y == have.y);
            assert_true(fabsf(want.c - have.c) <= 0.00051f);
        }
    }
}

// What only some records have looks as documented, and comes back.
static void what_a_record_may_have_is_there_when_it_has_it(void **state)
{
    (void)state;
    struct protocol_record record = {
        .stream = "m", .fence = PROTOCOL_COUNT_MAX, .damaged = true, .face_count = 1
    };
    struct protocol_face *face = &record.faces[0];
    face->keypoint_count = 1;
    face->has_raw = face->has_jacobians = face->has_pose = face->has_shapes = true;
    face->raw[0] = (struct mc_keypoint){ 1.5f, 2.25f, 0.5f };
    memcpy(face->jacobians[0], (float[4]){ 1, 0.25f, -0.5f, 2 }, sizeof face->jacobians[0]);
    face->pose = (struct protocol_pose){ .rotation = { 0, 0.5f, 0, 0.866025f },
                                         .euler = { -1.5f, 60, 0.25f },
                                         .translation = { 0.5f, -0.25f, 4 },
                                         .error = 0.125f };
    face->shapes[PROTOCOL_JAW_OPEN] = 0.3125f;
    face->has_gaze = face->has_dense = true;
    face->gaze = (struct protocol_gaze){ { 10, -5 }, { -2.5f, -5.25f }, true, { 0, 0.5f, -2 } };
    face->dense_count = 2;
    face->dense[0] = (struct mc_keypoint){ 3.5f, 4.25f, 0.75f };
    face->dense[1] = (struct mc_keypoint){ 3, NAN, 0.75f };
    write_record(&record, 0);
    const char *text = line();
    assert_non_null(strstr(text, "\"dropped\":0,\"fence\":9007199254740991,\"damaged\":true,"));
    assert_non_null(strstr(text, "\"raw\":[[1.50,2.25,0.500]],"
                                 "\"jacobians\":[[1.0000,0.2500,-0.5000,2.0000]],"
                                 "\"pose\":{\"rotation\":[0.000000,0.500000,0.000000,0.866025],"
                                 "\"euler\":[-1.500,60.000,0.250],"
                                 "\"translation\":[0.50000,-0.25000,4.00000],"
                                 "\"error\":0.12500},\"shapes\":{\"eyeBlinkLeft\":0.0000,"));
    assert_non_null(strstr(text, "\"jawOpen\":0.3125"));
    assert_non_null(strstr(text, "\"tongueOut\":0.0000},"
                                 "\"gaze\":{\"left\":[10.000,-5.000],\"right\":[-2.500,-5.250],"
                                 "\"point\":[0.00000,0.50000,-2.00000]},"
                                 "\"dense\":[[3.50,4.25,0.750],[0.00,0.00,0.000]]}]"));
    assert_true(protocol_decode_message(PROTOCOL_JSON, text, strlen(text), message, NULL));
    const struct protocol_face *got = &message->record.faces[0];
    assert_true(message->record.damaged && message->record.fence == PROTOCOL_COUNT_MAX);
    assert_true(got->has_raw && got->has_jacobians && got->has_pose && got->has_shapes);
    assert_memory_equal(got->raw, face->raw, sizeof face->raw[0]);
    assert_memory_equal(got->jacobians, face->jacobians, sizeof face->jacobians[0]);
    assert_memory_equal(&got->pose, &face->pose, sizeof face->pose);
    assert_memory_equal(got->shapes, face->shapes, sizeof face->shapes);
    assert_true(got->has_gaze && got->gaze.has_point && got->has_dense);
    assert_memory_equal(&got->gaze, &face->gaze, sizeof face->gaze);
    assert_int_equal(got->dense_count, 2);
    assert_memory_equal(&got->dense[0], &face->dense[0], sizeof face->dense[0]);
    assert_memory_equal(&got->dense[1], &(struct mc_keypoint){ 0 }, sizeof face->dense[0]);
}

static void what_a_record_does_not_have_is_not_there(void **state)
{
    (void)state;
    struct protocol_record record = { .stream = "m", .face_count = 1 };
    record.faces[0].keypoint_count = 1;
    // What an earlier message left must not shine through.
    struct protocol_face *left = &message->record.faces[0];
    message->record.damaged = true;
    message->record.fence = 7;
    left->has_raw = left->has_jacobians = left->has_pose = left->has_shapes = true;
    left->has_gaze = left->has_dense = left->gaze.has_point = true;
    left->dense_count = 7;
    write_record(&record, 0);
    parse();
    assert_false(message->record.damaged || message->record.fence != 0);
    assert_false(left->has_raw || left->has_jacobians || left->has_pose || left->has_shapes);
    assert_false(left->has_gaze || left->has_dense);
    assert_int_equal(left->dense_count, 0);
    assert_null(strstr(buffer.data, "raw"));
    assert_null(strstr(buffer.data, "pose"));
}

#define FACE_START                                                                                 \
    "{\"type\":\"motion\",\"stream\":\"m\",\"seq\":1,\"pts\":0.5,\"t_arrival_ns\":1,"              \
    "\"t_publish_ns\":2,\"width\":8,\"height\":8,\"dropped\":0,\"timing_us\":{\"decode\":1,"       \
    "\"wait\":1,\"scale\":1,\"infer\":1},\"missed\":0,\"faces\":[{\"id\":1,\"score\":0.5,"         \
    "\"box\":[1,2,3,4],\"keypoints\":[[1,2,0.5]],"

static void parts_of_a_face_that_do_not_fit_are_errors(void **state)
{
    (void)state;
    static const struct {
        const char *part, *says;
    } cases[] = {
        { "\"raw\":[]", "raw" },
        { "\"raw\":[[1,2,3],[1,2,3]]", "one for each" },
        { "\"jacobians\":[[1,2,3]]", "jacobians" },
        { "\"jacobians\":7", "jacobians" },
        { "\"pose\":[]", "pose: must be a map" },
        { "\"pose\":{\"rotation\":[0,0,0,1],\"euler\":[0,0],\"translation\":[0,0,0]}", "euler" },
        { "\"pose\":{\"rotation\":[0,0,0,1],\"euler\":[0,0,0],\"translation\":[0,0,0]}", "error" },
        { "\"shapes\":[]", "shapes" },
        { "\"shapes\":{\"jawOpen\":\"wide\"}", "jawOpen" },
        { "\"shapes\":{\"jawOpen\":1e300}", "jawOpen" },
        { "\"gaze\":[]", "gaze: must be a map" },
        { "\"gaze\":{\"left\":[1,2]}", "right: is missing" },
        { "\"gaze\":{\"left\":[1,2],\"right\":[1]}", "right" },
        { "\"gaze\":{\"left\":[1,null],\"right\":[1,2]}", "left" },
        { "\"gaze\":{\"left\":[1,2],\"right\":[1,2],\"point\":[1,2]}", "point" },
        { "\"gaze\":{\"left\":[1,1e300],\"right\":[1,2]}", "left" },
        { "\"dense\":{}", "dense" },
        { "\"dense\":[[1,2]]", "dense" },
        { "\"dense\":[[1,2,null]]", "dense" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        struct mc_error err = { 0 };
        snprintf(text, sizeof text, FACE_START "%s}]}", cases[i].part);
        assert_false(protocol_decode_message(PROTOCOL_JSON, text, strlen(text), message, &err));
        if (strstr(err.message, cases[i].says) == NULL) {
            fail_msg("%s: %s", cases[i].part, err.message);
        }
    }
    // A shape of a later version is not an error.
    const char *later = FACE_START "\"shapes\":{\"earWiggle\":0.5}}]}";
    assert_true(protocol_decode_message(PROTOCOL_JSON, later, strlen(later), message, NULL));
    assert_true(message->record.faces[0].has_shapes);
}

// One point more than a face may have.
static void too_many_dense_points_are_an_error(void **state)
{
    (void)state;
    for (int count = PROTOCOL_DENSE_MAX; count <= PROTOCOL_DENSE_MAX + 1; count++) {
        struct mc_error err = { 0 };
        protocol_buffer_clear(&buffer);
        protocol_buffer_text(&buffer, FACE_START "\"dense\":[[1,2,3]");
        for (int i = 1; i < count; i++) {
            protocol_buffer_text(&buffer, ",[1,2,3]");
        }
        protocol_buffer_text(&buffer, "]}]}");
        const bool good =
            protocol_decode_message(PROTOCOL_JSON, buffer.data, buffer.length, message, &err);
        assert_int_equal(good, count <= PROTOCOL_DENSE_MAX);
        assert_true(good || strstr(err.message, "dense") != NULL);
    }
}

// Before 1.1 there was no gaze, and there were 22 shapes.
static void a_record_of_version_1_0_is_read(void **state)
{
    (void)state;
    const char *old = FACE_START "\"shapes\":{\"jawOpen\":0.5,\"browOuterUpRight\":0.25}}]}";
    memset(message, 0x55, sizeof *message);
    assert_true(protocol_decode_message(PROTOCOL_JSON, old, strlen(old), message, NULL));
    const struct protocol_face *face = &message->record.faces[0];
    assert_true(face->has_shapes && !face->has_gaze && !face->has_dense);
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        assert_true(face->shapes[i] == (i == PROTOCOL_JAW_OPEN              ? 0.5f
                                        : i == PROTOCOL_BROW_OUTER_UP_RIGHT ? 0.25f
                                                                            : 0));
    }
}

static void hello_comes_back(void **state)
{
    (void)state;
    struct protocol_hello hello = {
        .major = 1,
        .server = "mocapd 0.1.0",
        .boot_id = "abc",
        .stream_count = 2,
        .streams = { "main", "cam-2" },
    };
    protocol_encode_hello(&buffer, &hello);
    parse();
    assert_int_equal(message->type, PROTOCOL_MESSAGE_HELLO);
    assert_int_equal(message->hello.major, 1);
    assert_string_equal(message->hello.boot_id, "abc");
    assert_int_equal(message->hello.stream_count, 2);
    assert_string_equal(message->hello.streams[1], "cam-2");
    assert_int_equal(message->hello.dense.count, 0);
    assert_null(strstr(buffer.data, "dense"));
}

static void hello_describes_the_dense_points(void **state)
{
    (void)state;
    struct protocol_hello hello = { .major = 1, .minor = 1, .server = "s", .boot_id = "b" };
    protocol_point_set_init(&hello.dense, "ict212", 212);
    protocol_encode_hello(&buffer, &hello);
    parse();
    assert_memory_equal(&message->hello.dense, &hello.dense, sizeof hello.dense);
    assert_non_null(strstr(buffer.data, "\"dense\":{\"name\":\"ict212\",\"count\":212,\"groups\":["
                                        "{\"name\":\"jaw\",\"closed\":false,\"points\":[0,1,2,"));
    // A set that is not known has a name and a number, and no groups.
    protocol_point_set_init(&hello.dense, "other", 7);
    protocol_buffer_clear(&buffer);
    protocol_encode_hello(&buffer, &hello);
    parse();
    assert_int_equal(message->hello.dense.group_count, 0);
    assert_int_equal(message->hello.dense.count, 7);
}

#define HELLO_START                                                                                \
    "{\"type\":\"hello\",\"protocol\":[1,1],\"server\":\"\",\"boot_id\":\"\",\"streams\":[],"      \
    "\"dense\":"

static void point_sets_that_do_not_fit_are_errors(void **state)
{
    (void)state;
    static const struct {
        const char *set, *says;
    } cases[] = {
        { "7", "dense: must be a map" },
        { "{\"count\":7}", "name: is missing" },
        { "{\"name\":\"a\"}", "count: is missing" },
        { "{\"name\":\"a\",\"count\":0}", "count" },
        { "{\"name\":\"a\",\"count\":257}", "count" },
        { "{\"name\":\"a\",\"count\":7,\"groups\":[{\"name\":\"b\",\"points\":[6,7]}]}",
          "points must be 0 to 6, got 7" },
        { "{\"name\":\"a\",\"count\":7,\"groups\":[{\"name\":\"b\",\"points\":[-1]}]}", "points" },
        { "{\"name\":\"a\",\"count\":7,\"groups\":[{\"name\":\"b\"}]}", "points: is missing" },
        { "{\"name\":\"a\",\"count\":7,\"groups\":[7]}", "groups" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        struct mc_error err = { 0 };
        snprintf(text, sizeof text, HELLO_START "%s}", cases[i].set);
        assert_false(protocol_decode_message(PROTOCOL_JSON, text, strlen(text), message, &err));
        if (strstr(err.message, cases[i].says) == NULL) {
            fail_msg("%s: %s", cases[i].set, err.message);
        }
    }
}

// Groups that would not fit into a point set, by number and by all their points.
static void too_many_groups_are_an_error(void **state)
{
    (void)state;
    static const struct {
        int groups, points;
        bool good;
    } cases[] = {
        { PROTOCOL_POINT_GROUPS_MAX, 1, true },
        { PROTOCOL_POINT_GROUPS_MAX + 1, 1, false },
        { PROTOCOL_GROUPED_MAX / 64, 64, true },
        { PROTOCOL_GROUPED_MAX / 64 + 1, 64, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mc_error err = { 0 };
        protocol_buffer_clear(&buffer);
        protocol_buffer_text(&buffer, HELLO_START "{\"name\":\"a\",\"count\":9,\"groups\":[");
        for (int group = 0; group < cases[i].groups; group++) {
            protocol_buffer_text(&buffer, group > 0 ? "," : "");
            protocol_buffer_text(&buffer, "{\"name\":\"b\",\"points\":[8");
            for (int k = 1; k < cases[i].points; k++) {
                protocol_buffer_text(&buffer, ",8");
            }
            protocol_buffer_text(&buffer, "]}");
        }
        protocol_buffer_text(&buffer, "]}}");
        const bool good =
            protocol_decode_message(PROTOCOL_JSON, buffer.data, buffer.length, message, &err);
        assert_int_equal(good, cases[i].good);
    }
}

// Lines connect neighbours, and every point is one of the set's.
static void the_points_of_ict212_are_grouped(void **state)
{
    (void)state;
    struct protocol_point_set set;
    protocol_point_set_init(&set, "ict212", 212);
    bool inner[212] = { false };
    for (int i = 0; i < set.group_count; i++) {
        const struct protocol_point_group *group = &set.groups[i];
        assert_true(group->count >= 1 && group->first + group->count <= set.grouped);
        for (int k = 0; k < group->count; k++) {
            const int point = set.points[group->first + k];
            assert_in_range(point, 0, 211);
            if (strcmp(group->name, "innerLips") == 0) {
                assert_false(inner[point]);
                inner[point] = true;
            }
        }
    }
    for (int i = 0; i < 212; i++) {
        assert_int_equal(inner[i], i >= 100 && i < 120);
    }
}

static void replies_come_back_with_their_id(void **state)
{
    (void)state;
    struct protocol_subscribed subscribed = { .id = { true, 5 },
                                              .policy = { .mode = PROTOCOL_EVERY_FRAME },
                                              .stream_count = 1,
                                              .streams = { "main" } };
    protocol_encode_subscribed(&buffer, PROTOCOL_JSON, &subscribed);
    parse();
    assert_int_equal(message->type, PROTOCOL_MESSAGE_SUBSCRIBED);
    assert_true(message->id.given && message->id.value == 5);
    assert_int_equal(message->subscribed.policy.mode, PROTOCOL_EVERY_FRAME);

    protocol_buffer_clear(&buffer);
    struct protocol_error error = { .id = { true, -3 }, .code = PROTOCOL_ERROR_TOO_LONG };
    strcpy(error.message, "a \"quoted\"\nline");
    protocol_encode_error(&buffer, PROTOCOL_JSON, &error);
    parse();
    assert_int_equal(message->error.code, PROTOCOL_ERROR_TOO_LONG);
    assert_true(message->error.id.value == -3);
    assert_string_equal(message->error.message, "a \"quoted\"\nline");

    protocol_buffer_clear(&buffer);
    protocol_encode_pong(&buffer, PROTOCOL_JSON, (struct protocol_id){ 0 });
    parse();
    assert_int_equal(message->type, PROTOCOL_MESSAGE_PONG);
    assert_false(message->id.given);

    protocol_buffer_clear(&buffer);
    protocol_encode_calibrated(
        &buffer, PROTOCOL_JSON,
        &(struct protocol_calibrated){ .id = { true, 4 }, .stream = "cam", .faces = 2 });
    parse();
    assert_int_equal(message->type, PROTOCOL_MESSAGE_CALIBRATED);
    assert_true(message->calibrated.id.value == 4);
    assert_string_equal(message->calibrated.stream, "cam");
    assert_int_equal(message->calibrated.faces, 2);
    assert_string_equal(message->calibrated.profile, "");
}

// Encodes with encode, and decodes.
#define CHECK_COMES_BACK(encode, encoding, value)                                                  \
    do {                                                                                           \
        const size_t skip = (encoding) == PROTOCOL_CBOR ? PROTOCOL_LENGTH_BYTES : 0;               \
        protocol_buffer_clear(&buffer);                                                            \
        encode(&buffer, (encoding), (value));                                                      \
        assert_true(protocol_decode_message((encoding), buffer.data + skip, buffer.length - skip,  \
                                            message, NULL));                                       \
    } while (0)

static void what_was_calibrated_comes_back(void **state)
{
    (void)state;
    static struct protocol_calibrated ranged = {
        .stream = "cam", .faces = 2, .profile = "anna", .range_count = 2
    };
    static struct protocol_calibration profile = {
        .id = { true, 6 },
        .stream = "cam",
        .profile = "anna",
        .active = true,
        .face_count = 1,
        .shapes = UINT64_C(1) << PROTOCOL_TONGUE_OUT | 1,
        .profile_count = 2,
        .profiles = { "anna", "default" },
    };
    ranged.ranges[1].peaks.known = UINT64_C(1) << PROTOCOL_JAW_OPEN;
    ranged.ranges[1].peaks.values[PROTOCOL_JAW_OPEN] = 0.5f;
    ranged.ranges[1].gains = ranged.ranges[1].peaks;
    profile.faces[0].neutral = true;
    profile.faces[0].offsets = ranged.ranges[1].peaks;
    for (int i = 0; i < PROTOCOL_ENCODING_COUNT; i++) {
        const enum protocol_encoding encoding = (enum protocol_encoding)i;
        const struct protocol_calibrated *calibrated = &message->calibrated;
        const struct protocol_calibration *calibration = &message->calibration;
        CHECK_COMES_BACK(protocol_encode_calibrated, encoding, &ranged);
        assert_string_equal(calibrated->profile, "anna");
        assert_int_equal(calibrated->range_count, 2);
        assert_true(calibrated->ranges[0].peaks.known == 0);
        assert_true(calibrated->ranges[1].gains.known == ranged.ranges[1].gains.known);
        assert_true(calibrated->ranges[1].gains.values[PROTOCOL_JAW_OPEN] == 0.5f);
        CHECK_COMES_BACK(protocol_encode_calibration, encoding, &profile);
        assert_int_equal(message->type, PROTOCOL_MESSAGE_CALIBRATION);
        assert_true(calibration->id.value == 6 && calibration->active);
        assert_true(calibration->shapes == profile.shapes);
        assert_int_equal(calibration->face_count, 1);
        assert_true(calibration->faces[0].neutral);
        assert_true(calibration->faces[0].offsets.values[PROTOCOL_JAW_OPEN] == 0.5f);
        assert_true(calibration->faces[0].gains.known == 0);
        assert_int_equal(calibration->profile_count, 2);
        assert_string_equal(calibration->profiles[1], "default");
    }
}

static void state_end_and_status_come_back(void **state)
{
    (void)state;
    struct protocol_state changed = { "main", PROTOCOL_STREAM_STALLED, "no frame for 2 s" };
    protocol_encode_state(&buffer, PROTOCOL_JSON, &changed);
    parse();
    assert_int_equal(message->state.state, PROTOCOL_STREAM_STALLED);
    assert_string_equal(message->state.reason, "no frame for 2 s");

    protocol_buffer_clear(&buffer);
    struct protocol_end end = { "main", 75, PROTOCOL_STREAM_FAILED, "cut off" };
    protocol_encode_end(&buffer, PROTOCOL_JSON, &end);
    parse();
    assert_int_equal(message->type, PROTOCOL_MESSAGE_END);
    assert_int_equal(message->end.records, 75);
    assert_int_equal(message->end.state, PROTOCOL_STREAM_FAILED);

    protocol_buffer_clear(&buffer);
    struct protocol_status status = { .uptime_s = 1.5,
                                      .workers = 2,
                                      .stream_count = 1,
                                      .streams = {
                                          { .stream = "main", .state = PROTOCOL_STREAM_LIVE } } };
    status.streams[0].records = 9;
    status.streams[0].drops = (struct protocol_drops){ 1, 2, 3, 4 };
    status.streams[0].connects = 5;
    status.streams[0].fov = 52.5f;
    status.streams[0].isolated = true;
    protocol_encode_status(&buffer, PROTOCOL_JSON, &status);
    parse();
    assert_int_equal(message->status.workers, 2);
    assert_int_equal(message->status.streams[0].records, 9);
    assert_int_equal(message->status.streams[0].drops.decode, 3);
    assert_int_equal(message->status.streams[0].drops.subscriber, 4);
    assert_int_equal(message->status.streams[0].connects, 5);
    assert_true(message->status.streams[0].fov == 52.5f);
    assert_true(message->status.streams[0].isolated);

    // Not known, or a server of version 1.0: nothing of an earlier status is left.
    status.streams[0].fov = 0;
    protocol_buffer_clear(&buffer);
    protocol_encode_status(&buffer, PROTOCOL_JSON, &status);
    parse();
    assert_null(strstr(buffer.data, "fov"));
    assert_true(message->status.streams[0].fov == 0);

    status.streams[0].isolated = false;
    protocol_buffer_clear(&buffer);
    protocol_encode_status(&buffer, PROTOCOL_JSON, &status);
    parse();
    assert_false(message->status.streams[0].isolated);
}

static void a_later_versions_message_is_other(void **state)
{
    (void)state;
    const char text[] = "{\"type\":\"weather\",\"x\":[1]}";
    assert_true(protocol_decode_message(PROTOCOL_JSON, text, strlen(text), message, NULL));
    assert_int_equal(message->type, PROTOCOL_MESSAGE_OTHER);
}

#define RECORDS_PAST_2_53                                                                          \
    "{\"type\":\"end\",\"stream\":\"a\",\"records\":9007199254740992,\"state\":\"ended\","         \
    "\"reason\":\"\"}"

static void messages_that_do_not_fit_are_errors(void **state)
{
    (void)state;
    const char *const inputs[] = {
        "",
        "[]",
        "{\"type\":7}",
        "{\"type\":\"hello\"}",
        "{\"type\":\"hello\",\"protocol\":[1.5,0],\"server\":\"\",\"boot_id\":\"\",\"streams\":[]}",
        "{\"type\":\"end\",\"stream\":\"a\",\"records\":-1,\"state\":\"\",\"reason\":\"\"}",
        "{\"type\":\"state\",\"stream\":\"a\",\"state\":\"far too long a state\",\"reason\":\"\"}",
        "{\"type\":\"motion\",\"stream\":\"a\",\"faces\":[{},{},{},{},{}]}",
        RECORDS_PAST_2_53,
    };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        struct mc_error err = { 0 };
        assert_false(
            protocol_decode_message(PROTOCOL_JSON, inputs[i], strlen(inputs[i]), message, &err));
        assert_int_equal(err.code, MC_ERROR_FORMAT);
        assert_true(err.message[0] != '\0');
    }
}

// Every prefix of a record is refused: a cut message is never taken for a whole one.
static void a_cut_record_is_an_error(void **state)
{
    (void)state;
    struct protocol_record record = { .stream = "main", .face_count = 1 };
    record.faces[0].keypoint_count = 3;
    write_record(&record, 0);
    const char *text = line();
    for (size_t length = 0; length < strlen(text); length++) {
        assert_false(protocol_decode_message(PROTOCOL_JSON, text, length, message, NULL));
    }
}

// ---- requests

static bool request(const char *text, struct protocol_request *got, struct protocol_error *error)
{
    return protocol_request_parse(text, strlen(text), got, error);
}

static void requests_are_read(void **state)
{
    (void)state;
    struct protocol_request got;
    struct protocol_error error;
    assert_true(request("{\"type\":\"subscribe\",\"id\":1,\"stream\":\"main\",\"later\":{}}", &got,
                        &error));
    assert_int_equal(got.type, PROTOCOL_SUBSCRIBE);
    assert_true(got.id.given && got.id.value == 1);
    assert_string_equal(got.stream, "main");

    assert_true(request(" { \"type\" : \"ping\" } ", &got, &error));
    assert_int_equal(got.type, PROTOCOL_PING);
    assert_false(got.id.given);
    assert_string_equal(got.stream, "");

    struct protocol_request sent = { .type = PROTOCOL_UNSUBSCRIBE, .id = { true, 8 } };
    strcpy(sent.stream, "cam");
    protocol_request_write(&buffer, &sent);
    assert_true(request(line(), &got, &error));
    assert_memory_equal(got.stream, "cam", 4);
    assert_true(got.type == sent.type && got.id.value == 8);

    sent.type = PROTOCOL_CALIBRATE;
    protocol_buffer_clear(&buffer);
    protocol_request_write(&buffer, &sent);
    assert_true(request(line(), &got, &error));
    assert_int_equal(got.type, PROTOCOL_CALIBRATE);
    assert_false(request("{\"type\":\"calibrate\"}", &got, &error)); // of which stream?
    assert_int_equal(error.code, PROTOCOL_ERROR_BAD_REQUEST);
}

static void bad_requests_get_a_typed_error(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum protocol_error_code code;
        const char *says;
    } cases[] = {
        { "", PROTOCOL_ERROR_BAD_REQUEST, "not valid JSON" },
        { "subscribe", PROTOCOL_ERROR_BAD_REQUEST, "not valid JSON" },
        { "{\"type\":\"ping\"} x", PROTOCOL_ERROR_BAD_REQUEST, "not valid JSON" },
        { "{\"type\":\"ping\",\"type\":\"ping\"}", PROTOCOL_ERROR_BAD_REQUEST, "duplicate" },
        { "\"ping\"", PROTOCOL_ERROR_BAD_REQUEST, "JSON" },
        { "[1]", PROTOCOL_ERROR_BAD_REQUEST, "object" },
        { "{}", PROTOCOL_ERROR_BAD_REQUEST, "type" },
        { "{\"type\":1}", PROTOCOL_ERROR_BAD_REQUEST, "type" },
        { "{\"type\":\"dance\"}", PROTOCOL_ERROR_UNKNOWN_TYPE, "dance" },
        { "{\"type\":\"ping\",\"id\":\"x\"}", PROTOCOL_ERROR_BAD_REQUEST, "id" },
        { "{\"type\":\"ping\",\"id\":99999999999999999999}", PROTOCOL_ERROR_BAD_REQUEST, "" },
        { "{\"type\":\"subscribe\",\"stream\":3}", PROTOCOL_ERROR_BAD_REQUEST, "stream" },
        { "{\"type\":\"subscribe\",\"stream\":\"\"}", PROTOCOL_ERROR_BAD_REQUEST, "stream" },
        { "{\"type\":\"subscribe\",\"encoding\":\"xml\"}", PROTOCOL_ERROR_UNSUPPORTED, "xml" },
        { "{\"type\":\"ping\",\"x\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}",
          PROTOCOL_ERROR_BAD_REQUEST, "deep" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct protocol_request got;
        struct protocol_error error;
        assert_false(request(cases[i].text, &got, &error));
        assert_int_equal(error.code, cases[i].code);
        assert_non_null(strstr(error.message, cases[i].says));
    }
}

static void an_error_names_its_request(void **state)
{
    (void)state;
    struct protocol_request got;
    struct protocol_error error;
    assert_false(request("{\"id\":12,\"type\":\"dance\"}", &got, &error));
    assert_true(error.id.given && error.id.value == 12);
    assert_false(request("{\"id\":12,", &got, &error));
    assert_false(error.id.given);
}

static void a_nul_does_not_hide_the_rest_of_a_request(void **state)
{
    (void)state;
    struct protocol_request got;
    struct protocol_error error;
    const char text[] = "{\"type\":\"ping\"}\0junk";
    assert_false(protocol_request_parse(text, sizeof text - 1, &got, &error));
    const char *escaped = "{\"type\":\"subscribe\",\"stream\":\"main\\u0000x\"}";
    assert_false(request(escaped, &got, &error));
}

// Bytes changed at random: refused or read, but never a fault (ASan sees to that).
static void changed_bytes_do_no_harm(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"type\":\"subscribe\",\"id\":12,\"stream\":\"main\",\"encoding\":\"json\"}",
        "{\"type\":\"motion\",\"stream\":\"m\",\"seq\":1,\"pts\":0.5,\"t_arrival_ns\":1,"
        "\"t_publish_ns\":2,\"width\":8,\"height\":8,\"dropped\":0,\"timing_us\":{\"decode\":1,"
        "\"wait\":1,\"scale\":1,\"infer\":1},\"faces\":[{\"id\":1,\"score\":0.5,\"box\":[1,2,3,4],"
        "\"keypoints\":[[1,2,0.5]]}],\"missed\":0}",
    };
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        size_t length = strlen(lines[round % 2]);
        char *line = malloc(length); // exact, so that any overrun shows
        assert_non_null(line);
        memcpy(line, lines[round % 2], length);
        for (int change = round % 5; change > 0; change--) {
            seed = seed * 1664525u + 1013904223u;
            line[(seed >> 8) % length] = (char)(seed >> 3);
        }
        struct protocol_request got;
        struct protocol_error error;
        struct mc_error err = { 0 };
        bool is_request = protocol_request_parse(line, length, &got, &error);
        bool is_message = protocol_decode_message(PROTOCOL_JSON, line, length, message, &err);
        assert_true(round % 5 != 0 || (round % 2 == 0 ? is_request : is_message));
        assert_true(is_message || err.message[0] != '\0');
        free(line);
    }
}

// What an earlier message left in the struct is not taken for the next one's.
static void decode_over_ones(const char *text)
{
    memset(message, 0xff, sizeof *message);
    struct mc_error err = { 0 };
    if (!protocol_decode_message(PROTOCOL_JSON, text, strlen(text), message, &err)) {
        fail_msg("%s: %s", err.message, text);
    }
}

static void an_optional_field_that_is_absent_is_reset(void **state)
{
    (void)state;
    decode_over_ones("{\"type\":\"reloaded\",\"id\":1,\"added\":[],\"changed\":[],\"removed\":[],"
                     "\"restart\":[]}");
    assert_int_equal(message->reloaded.failed.stream_count, 0);
    decode_over_ones("{\"type\":\"calibrated\",\"stream\":\"m\",\"faces\":1}");
    assert_false(message->id.given);
    assert_string_equal(message->calibrated.profile, "");
    assert_int_equal(message->calibrated.range_count, 0);
    decode_over_ones("{\"type\":\"subscribed\",\"streams\":[],\"encoding\":\"json\","
                     "\"mode\":\"latest\"}");
    const struct protocol_policy none = { 0 };
    assert_int_equal(message->subscribed.policy.queue, none.queue);
    assert_true(message->subscribed.policy.max_rate == none.max_rate);
    assert_int_equal(message->subscribed.policy.include, none.include);
    assert_int_equal(message->subscribed.policy.lost, none.lost);
    assert_string_equal(message->subscribed.policy.label, "");
    decode_over_ones("{\"type\":\"hello\",\"protocol\":[1,0],\"server\":\"s\",\"boot_id\":\"b\","
                     "\"streams\":[]}");
    assert_int_equal(message->hello.encodings, 0);
    assert_int_equal(message->hello.dense.count, 0);
    decode_over_ones(
        "{\"type\":\"status\",\"uptime_s\":1,\"connections\":1,\"workers\":1,\"missed\":0,"
        "\"streams\":[{\"stream\":\"m\",\"state\":\"live\",\"reason\":\"\",\"records\":1,"
        "\"dropped\":0,\"drops\":{\"mailbox\":0,\"late\":0,\"decode\":0,\"subscriber\":0},"
        "\"connects\":1,\"subscribers\":1}]}");
    assert_int_equal(message->status.network_count, 0);
    assert_true(message->status.streams[0].fov == 0);
    assert_false(message->status.streams[0].isolated);
}

static void a_wrong_element_is_located(void **state)
{
    (void)state;
    static const struct {
        const char *text, *complaint;
    } wrong[] = {
        { "{\"type\":\"streams\",\"streams\":[\"a\",7]}", "streams[1]: must be text" },
        { "{\"type\":\"streams\",\"streams\":"
          "[\"a234567890123456789012345678901234567890123456789012345678901234\"]}",
          "streams[0]: must be at most 63 bytes" },
        { "{\"type\":\"streams\",\"streams\":[\"\"]}", "streams[0]: must be a name" },
        { "{\"type\":\"reloaded\",\"id\":1,\"added\":[],\"changed\":[],\"removed\":[],"
          "\"restart\":[\"a2345678901234567890123456789012345678901234567890123456789012345\"]}",
          "restart[0]: must be at most" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mc_error err = { 0 };
        assert_false(protocol_decode_message(PROTOCOL_JSON, wrong[i].text, strlen(wrong[i].text),
                                             message, &err));
        if (strstr(err.message, wrong[i].complaint) == NULL) {
            fail_msg("'%s' is not in '%s'", wrong[i].complaint, err.message);
        }
    }
}

static void one_reply_to_reload_does_not_show_in_the_next(void **state)
{
    (void)state;
    struct protocol_reloaded reloaded = { .failed = { 1, { "attic" } } };
    for (int failed = 1; failed >= 0; failed--) {
        reloaded.failed.stream_count = failed;
        CHECK_COMES_BACK(protocol_encode_reloaded, PROTOCOL_JSON, &reloaded);
        assert_int_equal(message->reloaded.failed.stream_count, failed);
    }
    for (int failed = 1; failed >= 0; failed--) {
        reloaded.failed.stream_count = failed;
        CHECK_COMES_BACK(protocol_encode_reloaded, PROTOCOL_CBOR, &reloaded);
        assert_int_equal(message->reloaded.failed.stream_count, failed);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_looks_as_documented),
        TEST(a_full_record_comes_back),
        TEST(what_a_record_may_have_is_there_when_it_has_it),
        TEST(what_a_record_does_not_have_is_not_there),
        TEST(parts_of_a_face_that_do_not_fit_are_errors),
        TEST(hello_comes_back),
        TEST(hello_describes_the_dense_points),
        TEST(point_sets_that_do_not_fit_are_errors),
        TEST(too_many_groups_are_an_error),
        TEST(the_points_of_ict212_are_grouped),
        TEST(too_many_dense_points_are_an_error),
        TEST(a_record_of_version_1_0_is_read),
        TEST(replies_come_back_with_their_id),
        TEST(what_was_calibrated_comes_back),
        TEST(state_end_and_status_come_back),
        TEST(a_later_versions_message_is_other),
        TEST(messages_that_do_not_fit_are_errors),
        TEST(an_optional_field_that_is_absent_is_reset),
        TEST(a_wrong_element_is_located),
        TEST(one_reply_to_reload_does_not_show_in_the_next),
        TEST(a_cut_record_is_an_error),
        TEST(requests_are_read),
        TEST(bad_requests_get_a_typed_error),
        TEST(an_error_names_its_request),
        TEST(a_nul_does_not_hide_the_rest_of_a_request),
        TEST(changed_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
