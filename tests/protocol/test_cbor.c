// CBOR: the same messages as in JSON, lossless, and nothing that bytes from outside
// could break.
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

// The one data item in the buffer, after its length.
static const char *item(size_t *length)
{
    const unsigned char *head = (const unsigned char *)buffer.data;
    assert_false(buffer.failed);
    assert_true(buffer.length > PROTOCOL_LENGTH_BYTES);
    *length =
        (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    assert_int_equal(*length, buffer.length - PROTOCOL_LENGTH_BYTES);
    return buffer.data + PROTOCOL_LENGTH_BYTES;
}

static void decode(void)
{
    struct mc_error err = { 0 };
    size_t length;
    const char *bytes = item(&length);
    if (!protocol_decode_message(PROTOCOL_CBOR, bytes, length, message, &err)) {
        fail_msg("%s", err.message);
    }
}

static void write_record(const struct protocol_record *record, unsigned include, uint64_t missed)
{
    char tail[PROTOCOL_TAIL_BYTES];
    protocol_buffer_clear(&buffer);
    protocol_encode_record(&buffer, PROTOCOL_CBOR, record, include);
    protocol_buffer_bytes(&buffer, tail, protocol_encode_tail(tail, PROTOCOL_CBOR, missed));
}

// Zeroed, as what is compared with memcmp must be.
static struct protocol_record *full_record(void)
{
    struct protocol_record *record = calloc(1, sizeof *record);
    assert_non_null(record);
    strcpy(record->stream, "caf\xc3\xa9");
    record->seq = 1234567890123;
    record->pts = 0.1; // no float holds it
    record->t_arrival_ns = PROTOCOL_TIME_MAX_NS;
    record->t_publish_ns = 77;
    record->width = 1920;
    record->height = 1080;
    record->dropped = 5;
    record->damaged = true;
    record->lost = PROTOCOL_LOST_HOLD;
    record->timing = (struct protocol_timing){ 4, 1, 2, 3000, 70000 };
    record->face_count = PROTOCOL_FACES_MAX;
    for (int f = 0; f < PROTOCOL_FACES_MAX; f++) {
        struct protocol_face *face = &record->faces[f];
        face->id = f + 1;
        face->score = 0.1f;
        face->keypoint_count = PROTOCOL_KEYPOINTS_MAX;
        face->has_raw = face->has_jacobians = face->has_pose = face->has_shapes = true;
        face->has_gaze = face->has_dense = true;
        face->gaze = (struct protocol_gaze){ { 1.0f / 3, -7 }, { 8, 1.0f / 7 }, f % 2 == 0, { 0 } };
        face->gaze.point[2] = f % 2 == 0 ? -1.0f / 9 : 0;
        face->dense_count = PROTOCOL_DENSE_MAX;
        for (int k = 0; k < PROTOCOL_DENSE_MAX; k++) {
            face->dense[k] = (struct mc_keypoint){ (float)k / 17, (float)k / 19, 0.321f };
        }
        face->box[2] = 1.0f / 3;
        face->pose.rotation[3] = 1;
        face->pose.euler[1] = -33.3f;
        face->pose.error = 0.07f;
        for (int k = 0; k < PROTOCOL_KEYPOINTS_MAX; k++) {
            face->keypoints[k] = (struct mc_keypoint){ (float)k / 3, (float)-k / 7, 0.9f };
            face->raw[k] = (struct mc_keypoint){ (float)k / 11, (float)k, 0.123f };
            face->jacobians[k][2] = (float)k / 13;
        }
        for (int s = 0; s < PROTOCOL_SHAPE_COUNT; s++) {
            face->shapes[s] = (float)s / 23;
        }
    }
    return record;
}

static void a_record_comes_back_to_the_bit(void **state)
{
    (void)state;
    struct protocol_record *record = full_record();
    write_record(record, PROTOCOL_INCLUDE_ALL, PROTOCOL_COUNT_MAX);
    decode();
    assert_int_equal(message->type, PROTOCOL_MESSAGE_MOTION);
    assert_true(message->missed == PROTOCOL_COUNT_MAX);
    assert_true(message->has_timing);
    assert_memory_equal(&message->record, record, sizeof *record);
    free(record);
}

static void parts_that_were_not_asked_for_are_left_out(void **state)
{
    (void)state;
    struct protocol_record *record = full_record();
    for (unsigned include = 0; include <= PROTOCOL_INCLUDE_ALL; include++) {
        bool points = (include & PROTOCOL_KEYPOINTS) != 0;
        if (!points && (include & (PROTOCOL_RAW | PROTOCOL_JACOBIANS))) {
            continue; // never granted
        }
        write_record(record, include, 0);
        decode();
        const struct protocol_face *face = &message->record.faces[1];
        assert_int_equal(face->keypoint_count, points ? PROTOCOL_KEYPOINTS_MAX : 0);
        assert_int_equal(face->has_raw, (include & PROTOCOL_RAW) != 0);
        assert_int_equal(face->has_jacobians, (include & PROTOCOL_JACOBIANS) != 0);
        assert_int_equal(face->has_pose, (include & PROTOCOL_POSE) != 0);
        assert_int_equal(face->has_shapes, (include & PROTOCOL_SHAPES) != 0);
        assert_int_equal(message->has_timing, (include & PROTOCOL_TIMING) != 0);
        assert_int_equal(face->has_gaze, (include & PROTOCOL_GAZE) != 0);
        assert_int_equal(face->has_dense, (include & PROTOCOL_DENSE) != 0);
        assert_int_equal(face->dense_count, face->has_dense ? PROTOCOL_DENSE_MAX : 0);
    }
    free(record);
}

// Numbers that no encoding can say: as in JSON, a keypoint is unknown as a whole.
static void what_is_not_finite_is_written_as_in_json(void **state)
{
    (void)state;
    struct protocol_record *record = full_record();
    record->pts = NAN;
    record->faces[0].keypoints[3].y = NAN;
    record->faces[0].score = INFINITY;
    record->faces[0].dense[5].x = INFINITY;
    record->faces[0].gaze.left[0] = NAN;
    write_record(record, PROTOCOL_INCLUDE_ALL, 0);
    decode();
    assert_true(message->record.pts == 0);
    assert_memory_equal(&message->record.faces[0].keypoints[3], &(struct mc_keypoint){ 0 }, 12);
    assert_true(message->record.faces[0].score == 1e12f);
    assert_memory_equal(&message->record.faces[0].dense[5], &(struct mc_keypoint){ 0 }, 12);
    assert_true(message->record.faces[0].gaze.left[0] == 0);
    free(record);
}

// What is out of bounds is refused, so that computing with a record cannot overflow.
static void times_and_counts_out_of_bounds_are_errors(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        int64_t arrival_ns, decode_us;
        uint64_t seq;
        int width;
    } cases[] = {
        { "t_arrival_ns: must be a whole number from 0 to", INT64_MAX, 0, 0, 0 },
        { "decode: must be a whole number from 0 to", 0, INT64_MAX, 0, 0 },
        { "seq: must be a whole number from 0 to", 0, 0, INT64_MAX, 0 },
        { "width: must be a whole number from 0 to", 0, 0, 0, INT32_MAX },
    };
    struct protocol_record *record = full_record();
    record->face_count = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mc_error err = { 0 };
        size_t length;
        record->t_arrival_ns = cases[i].arrival_ns;
        record->timing.decode = cases[i].decode_us;
        record->seq = cases[i].seq;
        record->width = cases[i].width;
        write_record(record, PROTOCOL_INCLUDE_ALL, 0);
        const char *bytes = item(&length);
        assert_false(protocol_decode_message(PROTOCOL_CBOR, bytes, length, message, &err));
        if (strstr(err.message, cases[i].says) == NULL) {
            fail_msg("%s", err.message);
        }
    }
    free(record);
}

// A file may claim any presentation time: what is written can be read.
static void a_presentation_time_is_bounded_when_it_is_written(void **state)
{
    (void)state;
    struct protocol_record *record = full_record();
    record->pts = 1e300;
    write_record(record, 0, 0);
    decode();
    assert_true(message->record.pts == PROTOCOL_PTS_MAX);
    free(record);
}

// Recordings of version 0.1.0 call the time of reassembly "gather".
static void the_old_name_of_reassembly_is_read(void **state)
{
    (void)state;
    struct protocol_record *record = full_record();
    record->face_count = 0;
    write_record(record, PROTOCOL_TIMING, 0);
    size_t length;
    char *bytes = (char *)item(&length), old[1024];
    char *name = memmem(bytes, length, "\x6areassembly", 11);
    assert_non_null(name);
    const size_t before = (size_t)(name - bytes), after = length - before - 11;
    memcpy(old, bytes, before);
    memcpy(old + before, "\x66gather", 7);
    memcpy(old + before + 7, name + 11, after);
    assert_true(protocol_decode_message(PROTOCOL_CBOR, old, before + 7 + after, message, NULL));
    assert_true(message->record.timing.reassembly == record->timing.reassembly);
    free(record);
}

// A typed array of one point too many.
static void too_many_dense_points_are_an_error(void **state)
{
    (void)state;
    struct protocol_record *record = full_record();
    record->face_count = 1;
    write_record(record, PROTOCOL_DENSE, 0);
    size_t length;
    const char *bytes = item(&length);
    const char *array = memmem(bytes, length,
                               "\x65"
                               "dense"
                               "\xd8\x55\x59\x0c\x00",
                               11);
    assert_non_null(array); // 256 points of 12 bytes
    const size_t before = (size_t)(array - bytes) + 11;
    char *longer = malloc(length + 12);
    assert_non_null(longer);
    memcpy(longer, bytes, before);
    longer[before - 1] = 12;
    memset(longer + before, 0, 12);
    memcpy(longer + before + 12, bytes + before, length - before);
    struct mc_error err = { 0 };
    assert_false(protocol_decode_message(PROTOCOL_CBOR, longer, length + 12, message, &err));
    assert_non_null(strstr(err.message, "dense"));
    free(longer);
    free(record);
}

// Every other message says in CBOR what it says in JSON.
static void both_encodings_say_the_same(void **state)
{
    (void)state;
    struct protocol_message *other = calloc(1, sizeof *other);
    assert_non_null(other);
    for (int kind = 0; kind < 7; kind++) {
        for (int encoding = 0; encoding < PROTOCOL_ENCODING_COUNT; encoding++) {
            const enum protocol_encoding in = (enum protocol_encoding)encoding;
            struct protocol_subscribed granted = {
                .id = { true, -7 },
                .policy = { in, PROTOCOL_POSE | PROTOCOL_TIMING, 12.5, PROTOCOL_LOST_NEUTRAL,
                            PROTOCOL_QUEUE, 99, "an avatar" },
                .stream_count = 2,
                .streams = { "main", "door" },
            };
            struct protocol_status status = { .id = { true, 1 },
                                              .uptime_s = 1.5,
                                              .stream_count = 1,
                                              .streams = { { "main",
                                                             PROTOCOL_STREAM_LIVE,
                                                             "why",
                                                             7,
                                                             8,
                                                             { 1, 2, 3, 4 },
                                                             5,
                                                             9,
                                                             60,
                                                             true } } };
            protocol_buffer_clear(&buffer);
            switch (kind) {
            case 0:
                protocol_encode_subscribed(&buffer, in, &granted);
                break;
            case 1:
                protocol_encode_unsubscribed(&buffer, in, &granted);
                break;
            case 2:
                protocol_encode_status(&buffer, in, &status);
                break;
            case 3:
                protocol_encode_error(&buffer, in,
                                      &(struct protocol_error){
                                          { false, 0 }, PROTOCOL_ERROR_TOO_LONG, "l\xc3\xa4nge" });
                break;
            case 4:
                protocol_encode_state(&buffer, in,
                                      &(struct protocol_state){ "m", PROTOCOL_STREAM_LIVE, "" });
                break;
            case 5:
                protocol_encode_end(&buffer, in,
                                    &(struct protocol_end){ "m", 75, PROTOCOL_STREAM_ENDED, "x" });
                break;
            default:
                protocol_encode_pong(&buffer, in, (struct protocol_id){ true, INT64_MIN });
                break;
            }
            struct protocol_message *to = in == PROTOCOL_JSON ? other : message;
            memset(to, 0, sizeof *to);
            size_t length = buffer.length - 1;
            const char *bytes = in == PROTOCOL_JSON ? buffer.data : item(&length);
            struct mc_error err = { 0 };
            if (!protocol_decode_message(in, bytes, length, to, &err)) {
                fail_msg("kind %d: %s", kind, err.message);
            }
        }
        if (kind == 0) { // the only field in which they differ
            assert_int_equal(message->subscribed.policy.encoding, PROTOCOL_CBOR);
            message->subscribed.policy.encoding = PROTOCOL_JSON;
        }
        assert_memory_equal(message, other, sizeof *message);
    }
    free(other);
}

static bool decodes(const char *bytes, size_t length, struct mc_error *err)
{
    char *exact = malloc(length + (length == 0)); // so that any overrun shows
    assert_non_null(exact);
    memcpy(exact, bytes, length);
    bool ok = protocol_decode_message(PROTOCOL_CBOR, exact, length, message, err);
    free(exact);
    return ok;
}

static void a_cut_record_is_an_error(void **state)
{
    (void)state;
    struct protocol_record *record = full_record();
    record->face_count = 1;
    record->faces[0].keypoint_count = record->faces[0].dense_count = 3;
    write_record(record, PROTOCOL_INCLUDE_ALL, 0);
    size_t whole;
    const char *bytes = item(&whole);
    struct mc_error err = { 0 };
    assert_true(decodes(bytes, whole, &err));
    for (size_t length = 0; length < whole; length++) {
        assert_false(decodes(bytes, length, &err));
    }
    free(record);
}

#define DECODES(text) decodes(text, sizeof(text) - 1, &err)

static void hostile_items_are_errors(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_true(DECODES("\xa1\x64type\x64wind"));
    assert_int_equal(message->type, PROTOCOL_MESSAGE_OTHER);
    assert_true(
        DECODES("\xbf\x64type\x64wind\x61x\x43\x01\x02\x03\xff")); // bytes: of a later version
    assert_false(DECODES("\xa1\x64type\x64windx"));                // something after it
    assert_false(DECODES("\xbf\x64type\x64wind"));                 // no end
    assert_false(DECODES("\xa2\x64type\x64wind\x64type\x64wind")); // a field twice
    assert_false(DECODES("\xbb\xff\xff\xff\xff\xff\xff\xff\xff")); // 2^64 - 1 fields
    assert_false(DECODES("\x9b\x7f\xff\xff\xff\xff\xff\xff\xff"));
    assert_false(DECODES("\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"));
    assert_false(DECODES("\xa1\x64type\x7f\x64wind\xff")); // text in pieces
    assert_false(DECODES("\xa1\x64type\x62\xc3\x28"));     // no UTF-8
    assert_false(DECODES("\xa1\x41x\x01"));
    assert_false(DECODES("\xff"));
    assert_false(DECODES(""));
    assert_false(DECODES("\xbf\x64type\x66motion\x65"
                         "faces\x9f\xff\xff")); // the rest is missing
    char deep[100];
    memset(deep, '\x81', sizeof deep);
    assert_false(decodes(deep, sizeof deep, &err));
    memset(deep, '\xc6', sizeof deep); // tags of tags
    assert_false(decodes(deep, sizeof deep, &err));
    memset(deep, '\xbf', sizeof deep);
    assert_false(decodes(deep, sizeof deep, &err));
}

static void changed_bytes_do_no_harm(void **state)
{
    (void)state;
    struct protocol_record *record = full_record();
    record->face_count = 1;
    record->faces[0].keypoint_count = record->faces[0].dense_count = 2;
    write_record(record, PROTOCOL_INCLUDE_ALL, 0);
    size_t length;
    const char *bytes = item(&length);
    char *changed = malloc(length);
    assert_non_null(changed);
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        memcpy(changed, bytes, length);
        for (int change = round % 5; change > 0; change--) {
            seed = seed * 1664525u + 1013904223u;
            changed[(seed >> 8) % length] = (char)(seed >> 3);
        }
        struct mc_error err = { 0 };
        bool ok = decodes(changed, length, &err);
        assert_true(ok || round % 5 != 0);
        assert_true(ok || err.message[0] != '\0');
    }
    free(changed);
    free(record);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_comes_back_to_the_bit),
        TEST(parts_that_were_not_asked_for_are_left_out),
        TEST(what_is_not_finite_is_written_as_in_json),
        TEST(times_and_counts_out_of_bounds_are_errors),
        TEST(a_presentation_time_is_bounded_when_it_is_written),
        TEST(the_old_name_of_reassembly_is_read),
        TEST(too_many_dense_points_are_an_error),
        TEST(both_encodings_say_the_same),
        TEST(a_cut_record_is_an_error),
        TEST(hostile_items_are_errors),
        TEST(changed_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
