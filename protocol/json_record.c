// The motion record as JSON, both ways.
#include "protocol/json_record.h"

#include <math.h>
#include <string.h>

#include "protocol/json.h"
#include "protocol/json_value.h"
#include "protocol/json_write.h"

// Decimals on the wire: a hundredth of a pixel, a microsecond, and what the
// others are worth.
enum {
    DECIMALS_PIXEL = 2,
    DECIMALS_CONFIDENCE = 3,
    DECIMALS_SCORE = 4, // also shapes and Jacobians
    DECIMALS_SECONDS = 6,
    DECIMALS_ROTATION = 6,
    DECIMALS_DEGREES = 3,
    DECIMALS_WIDTHS = 5, // of the face
};

// ---- writing

static void keypoint(struct protocol_buffer *buffer, struct mc_keypoint point)
{
    if (!isfinite(point.x) || !isfinite(point.y) || !isfinite(point.c)) {
        point = (struct mc_keypoint){ 0 };
    }
    protocol_buffer_text(buffer, "[");
    protocol_buffer_fixed(buffer, (double)point.x, DECIMALS_PIXEL);
    protocol_buffer_text(buffer, ",");
    protocol_buffer_fixed(buffer, (double)point.y, DECIMALS_PIXEL);
    protocol_buffer_text(buffer, ",");
    protocol_buffer_fixed(buffer, (double)point.c, DECIMALS_CONFIDENCE);
    protocol_buffer_text(buffer, "]");
}

static void keypoints(struct protocol_buffer *buffer, const char *field,
                      const struct mc_keypoint *points, int count)
{
    protocol_json_name(buffer, field);
    protocol_buffer_text(buffer, "[");
    for (int i = 0; i < count; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "");
        keypoint(buffer, points[i]);
    }
    protocol_buffer_text(buffer, "]");
}

static void jacobians(struct protocol_buffer *buffer, const float (*matrices)[4], int count)
{
    protocol_json_name(buffer, "jacobians");
    protocol_buffer_text(buffer, "[");
    for (int i = 0; i < count; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "");
        protocol_json_floats(buffer, matrices[i], 4, DECIMALS_SCORE);
    }
    protocol_buffer_text(buffer, "]");
}

static void pose(struct protocol_buffer *buffer, const struct protocol_pose *head)
{
    protocol_json_name(buffer, "pose");
    protocol_buffer_text(buffer, "{\"rotation\":");
    protocol_json_floats(buffer, head->rotation, 4, DECIMALS_ROTATION);
    protocol_json_name(buffer, "euler");
    protocol_json_floats(buffer, head->euler, 3, DECIMALS_DEGREES);
    protocol_json_name(buffer, "translation");
    protocol_json_floats(buffer, head->translation, 3, DECIMALS_WIDTHS);
    protocol_json_field_fixed(buffer, "error", (double)head->error, DECIMALS_WIDTHS);
    protocol_buffer_text(buffer, "}");
}

static void shapes(struct protocol_buffer *buffer, const float *values)
{
    protocol_json_name(buffer, "shapes");
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        protocol_buffer_text(buffer, i > 0 ? ",\"" : "{\"");
        protocol_buffer_text(buffer, protocol_shape_name((enum protocol_shape)i));
        protocol_buffer_text(buffer, "\":");
        protocol_buffer_fixed(buffer, (double)values[i], DECIMALS_SCORE);
    }
    protocol_buffer_text(buffer, "}");
}

static void face(struct protocol_buffer *buffer, const struct protocol_face *seen)
{
    protocol_buffer_text(buffer, "{\"id\":");
    protocol_buffer_int(buffer, seen->id);
    protocol_json_field_fixed(buffer, "score", (double)seen->score, DECIMALS_SCORE);
    protocol_json_name(buffer, "box");
    protocol_json_floats(buffer, seen->box, 4, DECIMALS_PIXEL);
    keypoints(buffer, "keypoints", seen->keypoints, seen->keypoint_count);
    if (seen->has_raw) {
        keypoints(buffer, "raw", seen->raw, seen->keypoint_count);
    }
    if (seen->has_jacobians) {
        jacobians(buffer, seen->jacobians, seen->keypoint_count);
    }
    if (seen->has_pose) {
        pose(buffer, &seen->pose);
    }
    if (seen->has_shapes) {
        shapes(buffer, seen->shapes);
    }
    protocol_buffer_text(buffer, "}");
}

static void timing(struct protocol_buffer *buffer, const struct protocol_timing *stages)
{
    protocol_json_name(buffer, "timing_us");
    protocol_buffer_text(buffer, "{\"decode\":");
    protocol_buffer_int(buffer, stages->decode);
    protocol_json_field_int(buffer, "wait", stages->wait);
    protocol_json_field_int(buffer, "scale", stages->scale);
    protocol_json_field_int(buffer, "infer", stages->infer);
    protocol_buffer_text(buffer, "}");
}

void protocol_json_record(struct protocol_buffer *buffer, const struct protocol_record *record)
{
    protocol_json_begin(buffer, "motion");
    protocol_json_field_string(buffer, "stream", record->stream);
    protocol_json_field_uint(buffer, "seq", record->seq);
    protocol_json_field_fixed(buffer, "pts", record->pts, DECIMALS_SECONDS);
    protocol_json_field_int(buffer, "t_arrival_ns", record->t_arrival_ns);
    protocol_json_field_int(buffer, "t_publish_ns", record->t_publish_ns);
    protocol_json_field_int(buffer, "width", record->width);
    protocol_json_field_int(buffer, "height", record->height);
    protocol_json_field_uint(buffer, "dropped", record->dropped);
    if (record->damaged) {
        protocol_json_name(buffer, "damaged");
        protocol_buffer_text(buffer, "true");
    }
    timing(buffer, &record->timing);
    protocol_json_name(buffer, "faces");
    protocol_buffer_text(buffer, "[");
    for (int i = 0; i < record->face_count; i++) {
        protocol_buffer_text(buffer, i > 0 ? "," : "");
        face(buffer, &record->faces[i]);
    }
    protocol_buffer_text(buffer, "]");
}

size_t protocol_json_record_tail(char tail[PROTOCOL_JSON_TAIL_BYTES], uint64_t missed)
{
    struct protocol_buffer buffer = { .data = tail,
                                      .capacity = PROTOCOL_JSON_TAIL_BYTES,
                                      .limit = PROTOCOL_JSON_TAIL_BYTES };
    protocol_json_field_uint(&buffer, "missed", missed); // at most 10 + 20 + 2 bytes
    protocol_json_end_object(&buffer);
    return buffer.length;
}

// ---- reading

static bool parse_keypoints(const json_t *object, const char *field, struct mc_keypoint *points,
                            int *count, struct mc_error *err)
{
    const json_t *array;
    if (!protocol_json_get_array(object, field, PROTOCOL_KEYPOINTS_MAX, &array, count, err)) {
        return false;
    }
    for (int i = 0; i < *count; i++) {
        float numbers[3];
        if (!protocol_json_get_floats(json_array_get(array, (size_t)i), field, numbers, 3, err)) {
            return false;
        }
        points[i] = (struct mc_keypoint){ numbers[0], numbers[1], numbers[2] };
    }
    return true;
}

static bool wants_count(const char *field, int count, int wanted, struct mc_error *err)
{
    return count == wanted ||
           mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "%s: %d elements, as many as keypoints (%d) are expected", field, count,
                        wanted);
}

static bool parse_raw(const json_t *object, struct protocol_face *face, struct mc_error *err)
{
    int count;
    face->has_raw = json_object_get(object, "raw") != NULL;
    return !face->has_raw || (parse_keypoints(object, "raw", face->raw, &count, err) &&
                              wants_count("raw", count, face->keypoint_count, err));
}

static bool parse_jacobians(const json_t *object, struct protocol_face *face, struct mc_error *err)
{
    const json_t *array;
    int count;
    face->has_jacobians = json_object_get(object, "jacobians") != NULL;
    if (!face->has_jacobians) {
        return true;
    }
    if (!protocol_json_get_array(object, "jacobians", PROTOCOL_KEYPOINTS_MAX, &array, &count,
                                 err) ||
        !wants_count("jacobians", count, face->keypoint_count, err)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (!protocol_json_get_floats(json_array_get(array, (size_t)i), "jacobians",
                                      face->jacobians[i], 4, err)) {
            return false;
        }
    }
    return true;
}

static bool parse_pose(const json_t *object, struct protocol_face *face, struct mc_error *err)
{
    const json_t *pose = json_object_get(object, "pose");
    struct protocol_pose *head = &face->pose;
    face->has_pose = pose != NULL;
    bool ok =
        !face->has_pose ||
        (protocol_json_get_floats(json_object_get(pose, "rotation"), "rotation", head->rotation, 4,
                                  err) &&
         protocol_json_get_floats(json_object_get(pose, "euler"), "euler", head->euler, 3, err) &&
         protocol_json_get_floats(json_object_get(pose, "translation"), "translation",
                                  head->translation, 3, err) &&
         protocol_json_get_float(pose, "error", &head->error, err));
    return ok ? true : mc_error_wrap(err, "pose");
}

// Shapes that this version does not know are ignored; those that are not there
// are 0.
static bool parse_shapes(const json_t *object, struct protocol_face *face, struct mc_error *err)
{
    const json_t *shapes = json_object_get(object, "shapes");
    face->has_shapes = shapes != NULL;
    if (!face->has_shapes) {
        return true;
    }
    if (!json_is_object(shapes)) {
        return protocol_json_wrong(err, "shapes", "an object");
    }
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        const char *name = protocol_shape_name((enum protocol_shape)i);
        face->shapes[i] = 0;
        if (json_object_get(shapes, name) != NULL &&
            !protocol_json_get_float(shapes, name, &face->shapes[i], err)) {
            return mc_error_wrap(err, "shapes");
        }
    }
    return true;
}

static bool parse_face(const json_t *object, struct protocol_face *face, struct mc_error *err)
{
    return protocol_json_get_float(object, "score", &face->score, err) &&
           protocol_json_get_int(object, "id", &face->id, err) &&
           protocol_json_get_floats(json_object_get(object, "box"), "box", face->box, 4, err) &&
           parse_keypoints(object, "keypoints", face->keypoints, &face->keypoint_count, err) &&
           parse_raw(object, face, err) && parse_jacobians(object, face, err) &&
           parse_pose(object, face, err) && parse_shapes(object, face, err);
}

static bool parse_faces(const json_t *root, struct protocol_record *record, struct mc_error *err)
{
    const json_t *faces;
    if (!protocol_json_get_array(root, "faces", PROTOCOL_FACES_MAX, &faces, &record->face_count,
                                 err)) {
        return false;
    }
    for (int i = 0; i < record->face_count; i++) {
        if (!parse_face(json_array_get(faces, (size_t)i), &record->faces[i], err)) {
            return mc_error_wrap(err, "faces[%d]", i);
        }
    }
    return true;
}

static bool parse_timing(const json_t *root, struct protocol_timing *timing, struct mc_error *err)
{
    const json_t *object = json_object_get(root, "timing_us");
    bool ok = protocol_json_get_integer(object, "decode", 0, INT64_MAX, &timing->decode, err) &&
              protocol_json_get_integer(object, "wait", 0, INT64_MAX, &timing->wait, err) &&
              protocol_json_get_integer(object, "scale", 0, INT64_MAX, &timing->scale, err) &&
              protocol_json_get_integer(object, "infer", 0, INT64_MAX, &timing->infer, err);
    return ok ? true : mc_error_wrap(err, "timing_us");
}

static bool parse_damaged(const json_t *root, bool *damaged, struct mc_error *err)
{
    const json_t *value = json_object_get(root, "damaged");
    *damaged = json_is_true(value);
    return value == NULL || json_is_boolean(value) ||
           protocol_json_wrong(err, "damaged", "true or false");
}

bool protocol_json_parse_record(const json_t *root, struct protocol_message *message,
                                struct mc_error *err)
{
    struct protocol_record *record = &message->record;
    const json_t *pts = json_object_get(root, "pts");
    if (!json_is_number(pts)) {
        return protocol_json_wrong(err, "pts", "a number");
    }
    record->pts = json_number_value(pts);
    return protocol_json_get_string(root, "stream", record->stream, sizeof record->stream, err) &&
           protocol_json_get_count(root, "seq", &record->seq, err) &&
           protocol_json_get_integer(root, "t_arrival_ns", 0, INT64_MAX, &record->t_arrival_ns,
                                     err) &&
           protocol_json_get_integer(root, "t_publish_ns", 0, INT64_MAX, &record->t_publish_ns,
                                     err) &&
           protocol_json_get_int(root, "width", &record->width, err) &&
           protocol_json_get_int(root, "height", &record->height, err) &&
           protocol_json_get_count(root, "dropped", &record->dropped, err) &&
           protocol_json_get_count(root, "missed", &message->missed, err) &&
           parse_damaged(root, &record->damaged, err) && parse_timing(root, &record->timing, err) &&
           parse_faces(root, record, err);
}
