// The motion record from CBOR.
#include <limits.h>
#include <math.h>
#include <string.h>

#include "protocol/cbor.h"
#include "protocol/decode_record.h"
#include "protocol/writer.h"

static const double NUMBER_BOUND = 1e12; // as the writer bounds them

static bool wrong(struct mc_error *err, const char *field, const char *expected)
{
    return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: %s is expected", field, expected);
}

static bool take_int(struct protocol_cbor_reader *reader, const char *field, int64_t most,
                     int64_t *number, struct mc_error *err)
{
    struct protocol_cbor_item item = protocol_cbor_next(reader);
    if (item.kind != PROTOCOL_CBOR_UINT || item.number > (uint64_t)most) {
        return wrong(err, field, "a whole number within its range");
    }
    *number = (int64_t)item.number;
    return true;
}

static bool take_count(struct protocol_cbor_reader *reader, const char *field, uint64_t *number,
                       struct mc_error *err)
{
    int64_t value = 0;
    bool ok = take_int(reader, field, INT64_MAX, &value, err);
    *number = (uint64_t)value;
    return ok;
}

static bool take_small(struct protocol_cbor_reader *reader, const char *field, int *number,
                       struct mc_error *err)
{
    int64_t value = 0;
    bool ok = take_int(reader, field, INT_MAX, &value, err);
    *number = (int)value;
    return ok;
}

static bool take_number(struct protocol_cbor_reader *reader, const char *field, double *number,
                        struct mc_error *err)
{
    struct protocol_cbor_item item = protocol_cbor_next(reader);
    *number = item.kind == PROTOCOL_CBOR_REAL     ? item.real
              : item.kind == PROTOCOL_CBOR_UINT   ? (double)item.number
              : item.kind == PROTOCOL_CBOR_NEGINT ? -1 - (double)item.number
                                                  : NAN;
    return fabs(*number) <= NUMBER_BOUND || wrong(err, field, "a number");
}

static bool take_float(struct protocol_cbor_reader *reader, const char *field, float *number,
                       struct mc_error *err)
{
    double value;
    bool ok = take_number(reader, field, &value, err);
    *number = ok ? (float)value : 0;
    return ok;
}

static bool take_text(struct protocol_cbor_reader *reader, const char *field, char *text,
                      size_t size, struct mc_error *err)
{
    struct protocol_cbor_item item = protocol_cbor_next(reader);
    if (item.kind != PROTOCOL_CBOR_TEXT || item.length >= size) {
        return wrong(err, field, "a short text");
    }
    memcpy(text, item.length > 0 ? (const char *)item.bytes : "", item.length);
    text[item.length] = '\0';
    for (const char *at = text; at < text + item.length;) {
        size_t bytes = protocol_buffer_utf8_length(at);
        if (*at == '\0' || bytes == 0) {
            return wrong(err, field, "a text of UTF-8");
        }
        at += bytes;
    }
    return true;
}

// A typed array of up to most rows of so many columns.
static bool take_rows(struct protocol_cbor_reader *reader, const char *field, void *floats,
                      int columns, int most, int *rows, struct mc_error *err)
{
    struct protocol_cbor_item tag = protocol_cbor_next(reader), bytes = { 0 };
    if (tag.kind == PROTOCOL_CBOR_TAG && tag.number == PROTOCOL_CBOR_FLOATS) {
        bytes = protocol_cbor_next(reader);
    }
    size_t row = (size_t)columns * sizeof(float);
    if (bytes.kind != PROTOCOL_CBOR_BYTES || bytes.length % row != 0 ||
        bytes.length > (size_t)most * row) {
        return wrong(err, field, "a typed array of its length");
    }
    for (size_t i = 0; i < bytes.length; i += sizeof(float)) {
        float number;
        memcpy(&number, bytes.bytes + i, sizeof number);
        if (!(fabs((double)number) <= NUMBER_BOUND)) {
            return wrong(err, field, "an array of finite numbers");
        }
        memcpy((char *)floats + i, &number, sizeof number);
    }
    *rows = (int)(bytes.length / row);
    return true;
}

static bool take_floats(struct protocol_cbor_reader *reader, const char *field, float *floats,
                        int count, struct mc_error *err)
{
    int rows = 0;
    return take_rows(reader, field, floats, count, 1, &rows, err) &&
           (rows == 1 || wrong(err, field, "a typed array of its length"));
}

// ---- maps: a function for each takes the value of one field

typedef bool take_field_fn(struct protocol_cbor_reader *reader,
                           const struct protocol_cbor_item *name, void *target,
                           struct mc_error *err);

// Hands each field of the map that comes next to take.
static bool take_map(struct protocol_cbor_reader *reader, const char *what, take_field_fn *take,
                     void *target, struct mc_error *err)
{
    struct protocol_cbor_item map = protocol_cbor_next(reader);
    if (map.kind != PROTOCOL_CBOR_MAP) {
        return wrong(err, what, "a map");
    }
    while (protocol_cbor_more(reader, &map)) {
        struct protocol_cbor_item name = protocol_cbor_next(reader);
        if (name.kind != PROTOCOL_CBOR_TEXT) {
            return wrong(err, what, "a map whose keys are text");
        }
        if (!take(reader, &name, target, err)) {
            return false;
        }
    }
    return true;
}

// A field that this version does not know.
static bool ignore(struct protocol_cbor_reader *reader, struct mc_error *err)
{
    return protocol_cbor_skip(reader) ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "not one whole CBOR data item");
}

static bool take_shape(struct protocol_cbor_reader *reader, const struct protocol_cbor_item *name,
                       void *target, struct mc_error *err)
{
    float *shapes = target;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        const char *known = protocol_shape_name((enum protocol_shape)i);
        if (protocol_cbor_text_is(name, known)) {
            return take_float(reader, known, &shapes[i], err);
        }
    }
    return ignore(reader, err);
}

struct pose_target {
    struct protocol_pose *pose;
    unsigned seen; // a bit for each of its four fields
};

static bool take_pose_field(struct protocol_cbor_reader *reader,
                            const struct protocol_cbor_item *name, void *target,
                            struct mc_error *err)
{
    struct pose_target *to = target;
    if (protocol_cbor_text_is(name, "rotation")) {
        to->seen |= 1;
        return take_floats(reader, "rotation", to->pose->rotation, 4, err);
    }
    if (protocol_cbor_text_is(name, "euler")) {
        to->seen |= 2;
        return take_floats(reader, "euler", to->pose->euler, 3, err);
    }
    if (protocol_cbor_text_is(name, "translation")) {
        to->seen |= 4;
        return take_floats(reader, "translation", to->pose->translation, 3, err);
    }
    if (protocol_cbor_text_is(name, "error")) {
        to->seen |= 8;
        return take_float(reader, "error", &to->pose->error, err);
    }
    return ignore(reader, err);
}

static bool take_pose(struct protocol_cbor_reader *reader, struct protocol_pose *pose,
                      struct mc_error *err)
{
    struct pose_target target = { .pose = pose };
    return take_map(reader, "pose", take_pose_field, &target, err) &&
           (target.seen == 15 || wrong(err, "pose", "rotation, euler, translation and error"));
}

struct face_target {
    struct protocol_face *face;
    bool has_score, has_id, has_box;
    int raw_count, jacobian_count;
};

static bool take_face_field(struct protocol_cbor_reader *reader,
                            const struct protocol_cbor_item *name, void *target,
                            struct mc_error *err)
{
    struct face_target *to = target;
    struct protocol_face *face = to->face;
    if (protocol_cbor_text_is(name, "id")) {
        to->has_id = true;
        return take_small(reader, "id", &face->id, err);
    }
    if (protocol_cbor_text_is(name, "score")) {
        to->has_score = true;
        return take_float(reader, "score", &face->score, err);
    }
    if (protocol_cbor_text_is(name, "box")) {
        to->has_box = true;
        return take_floats(reader, "box", face->box, 4, err);
    }
    if (protocol_cbor_text_is(name, "keypoints")) {
        return take_rows(reader, "keypoints", face->keypoints, 3, PROTOCOL_KEYPOINTS_MAX,
                         &face->keypoint_count, err);
    }
    if (protocol_cbor_text_is(name, "raw")) {
        face->has_raw = true;
        return take_rows(reader, "raw", face->raw, 3, PROTOCOL_KEYPOINTS_MAX, &to->raw_count, err);
    }
    if (protocol_cbor_text_is(name, "jacobians")) {
        face->has_jacobians = true;
        return take_rows(reader, "jacobians", face->jacobians, 4, PROTOCOL_KEYPOINTS_MAX,
                         &to->jacobian_count, err);
    }
    if (protocol_cbor_text_is(name, "pose")) {
        face->has_pose = true;
        return take_pose(reader, &face->pose, err);
    }
    if (protocol_cbor_text_is(name, "shapes")) {
        face->has_shapes = true;
        memset(face->shapes, 0, sizeof face->shapes);
        return take_map(reader, "shapes", take_shape, face->shapes, err);
    }
    return ignore(reader, err);
}

static bool take_face(struct protocol_cbor_reader *reader, struct protocol_face *face,
                      struct mc_error *err)
{
    struct face_target target = { .face = face };
    face->keypoint_count = 0;
    face->has_raw = face->has_jacobians = face->has_pose = face->has_shapes = false;
    if (!take_map(reader, "face", take_face_field, &target, err)) {
        return false;
    }
    if (!target.has_id || !target.has_score || !target.has_box) {
        return wrong(err, "face", "id, score and box");
    }
    if ((face->has_raw && target.raw_count != face->keypoint_count) ||
        (face->has_jacobians && target.jacobian_count != face->keypoint_count)) {
        return wrong(err, "raw and jacobians", "one for each keypoint");
    }
    return true;
}

static bool take_faces(struct protocol_cbor_reader *reader, struct protocol_record *record,
                       struct mc_error *err)
{
    struct protocol_cbor_item array = protocol_cbor_next(reader);
    record->face_count = 0;
    if (array.kind != PROTOCOL_CBOR_ARRAY) {
        return wrong(err, "faces", "an array");
    }
    while (protocol_cbor_more(reader, &array)) {
        if (record->face_count == PROTOCOL_FACES_MAX) {
            return wrong(err, "faces", "fewer of them");
        }
        if (!take_face(reader, &record->faces[record->face_count], err)) {
            return mc_error_wrap(err, "faces[%d]", record->face_count);
        }
        record->face_count++;
    }
    return true;
}

static bool take_timing_field(struct protocol_cbor_reader *reader,
                              const struct protocol_cbor_item *name, void *target,
                              struct mc_error *err)
{
    struct protocol_timing *timing = target;
    int64_t *number = protocol_cbor_text_is(name, "decode")   ? &timing->decode
                      : protocol_cbor_text_is(name, "wait")   ? &timing->wait
                      : protocol_cbor_text_is(name, "scale")  ? &timing->scale
                      : protocol_cbor_text_is(name, "infer")  ? &timing->infer
                      : protocol_cbor_text_is(name, "gather") ? &timing->gather
                                                              : NULL;
    return number == NULL ? ignore(reader, err)
                          : take_int(reader, "timing_us", INT64_MAX, number, err);
}

// What a record always has: a bit for each.
enum {
    HAS_STREAM = 1,
    HAS_SEQ = 2,
    HAS_PTS = 4,
    HAS_ARRIVAL = 8,
    HAS_PUBLISH = 16,
    HAS_WIDTH = 32,
    HAS_HEIGHT = 64,
    HAS_DROPPED = 128,
    HAS_MISSED = 256,
    HAS_FACES = 512,
    HAS_ALL = 1023,
};

struct record_target {
    struct protocol_message *message;
    unsigned seen;
};

static bool take_flag(struct protocol_cbor_reader *reader, bool *flag, struct mc_error *err)
{
    struct protocol_cbor_item item = protocol_cbor_next(reader);
    *flag = item.kind == PROTOCOL_CBOR_BOOL && item.number == 1;
    return item.kind == PROTOCOL_CBOR_BOOL || wrong(err, "damaged", "true or false");
}

static bool take_lost(struct protocol_cbor_reader *reader, enum protocol_lost *lost,
                      struct mc_error *err)
{
    char text[32];
    if (!take_text(reader, "lost", text, sizeof text, err)) {
        return false;
    }
    if (!protocol_lost_parse(text, lost)) {
        *lost = PROTOCOL_LOST_HOLD; // of a later version: the faces are not of this frame
    }
    return true;
}

// The fields that only some records have, and those of a later version.
static bool take_other_field(struct protocol_cbor_reader *reader,
                             const struct protocol_cbor_item *name,
                             struct protocol_message *message, struct mc_error *err)
{
    struct protocol_record *record = &message->record;
    if (protocol_cbor_text_is(name, "damaged")) {
        return take_flag(reader, &record->damaged, err);
    }
    if (protocol_cbor_text_is(name, "lost")) {
        return take_lost(reader, &record->lost, err);
    }
    if (protocol_cbor_text_is(name, "timing_us")) {
        message->has_timing = true;
        return take_map(reader, "timing_us", take_timing_field, &record->timing, err);
    }
    return ignore(reader, err);
}

static bool take_record_field(struct protocol_cbor_reader *reader,
                              const struct protocol_cbor_item *name, void *target,
                              struct mc_error *err)
{
    struct record_target *to = target;
    struct protocol_record *record = &to->message->record;
    if (protocol_cbor_text_is(name, "stream")) {
        to->seen |= HAS_STREAM;
        return take_text(reader, "stream", record->stream, sizeof record->stream, err);
    }
    if (protocol_cbor_text_is(name, "seq")) {
        to->seen |= HAS_SEQ;
        return take_count(reader, "seq", &record->seq, err);
    }
    if (protocol_cbor_text_is(name, "pts")) {
        to->seen |= HAS_PTS;
        return take_number(reader, "pts", &record->pts, err);
    }
    if (protocol_cbor_text_is(name, "t_arrival_ns")) {
        to->seen |= HAS_ARRIVAL;
        return take_int(reader, "t_arrival_ns", INT64_MAX, &record->t_arrival_ns, err);
    }
    if (protocol_cbor_text_is(name, "t_publish_ns")) {
        to->seen |= HAS_PUBLISH;
        return take_int(reader, "t_publish_ns", INT64_MAX, &record->t_publish_ns, err);
    }
    if (protocol_cbor_text_is(name, "width")) {
        to->seen |= HAS_WIDTH;
        return take_small(reader, "width", &record->width, err);
    }
    if (protocol_cbor_text_is(name, "height")) {
        to->seen |= HAS_HEIGHT;
        return take_small(reader, "height", &record->height, err);
    }
    if (protocol_cbor_text_is(name, "dropped")) {
        to->seen |= HAS_DROPPED;
        return take_count(reader, "dropped", &record->dropped, err);
    }
    if (protocol_cbor_text_is(name, "missed")) {
        to->seen |= HAS_MISSED;
        return take_count(reader, "missed", &to->message->missed, err);
    }
    if (protocol_cbor_text_is(name, "faces")) {
        to->seen |= HAS_FACES;
        return take_faces(reader, record, err);
    }
    return take_other_field(reader, name, to->message, err);
}

bool protocol_decode_cbor_record(const unsigned char *item, size_t length,
                                 struct protocol_message *message, struct mc_error *err)
{
    struct protocol_cbor_reader reader = { item, length };
    struct record_target target = { .message = message };
    message->has_timing = false;
    message->record.timing = (struct protocol_timing){ 0 };
    message->record.damaged = false;
    message->record.lost = PROTOCOL_LOST_NONE;
    if (!take_map(&reader, "message", take_record_field, &target, err)) {
        return false;
    }
    if (reader.left > 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "not one whole CBOR data item");
    }
    return target.seen == HAS_ALL || wrong(err, "message", "every field of a record");
}
