#include "protocol/decode_record.h"

#include <string.h>

#include "protocol/json_value.h"

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

static bool parse_face_keypoints(const json_t *object, struct protocol_face *face,
                                 struct mc_error *err)
{
    face->keypoint_count = 0;
    return json_object_get(object, "keypoints") == NULL ||
           parse_keypoints(object, "keypoints", face->keypoints, &face->keypoint_count, err);
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
           parse_face_keypoints(object, face, err) && parse_raw(object, face, err) &&
           parse_jacobians(object, face, err) && parse_pose(object, face, err) &&
           parse_shapes(object, face, err);
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

static bool parse_timing(const json_t *root, struct protocol_message *message, struct mc_error *err)
{
    const json_t *object = json_object_get(root, "timing_us");
    struct protocol_timing *timing = &message->record.timing;
    message->has_timing = object != NULL;
    if (object == NULL) {
        *timing = (struct protocol_timing){ 0 };
        return true;
    }
    timing->gather = 0; // the first servers didn't tell
    bool ok = (json_object_get(object, "gather") == NULL ||
               protocol_json_get_integer(object, "gather", 0, INT64_MAX, &timing->gather, err)) &&
              protocol_json_get_integer(object, "decode", 0, INT64_MAX, &timing->decode, err) &&
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

// A choice that this version does not know is told as the nearest that it does:
// the faces are not of this frame.
static bool parse_lost(const json_t *root, enum protocol_lost *lost, struct mc_error *err)
{
    const json_t *value = json_object_get(root, "lost");
    *lost = PROTOCOL_LOST_NONE;
    if (value != NULL && !json_is_string(value)) {
        return protocol_json_wrong(err, "lost", "a string");
    }
    if (value != NULL && !protocol_lost_parse(json_string_value(value), lost)) {
        *lost = PROTOCOL_LOST_HOLD;
    }
    return true;
}

bool protocol_decode_record(const json_t *root, struct protocol_message *message,
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
           parse_damaged(root, &record->damaged, err) && parse_timing(root, message, err) &&
           parse_lost(root, &record->lost, err) && parse_faces(root, record, err);
}
