#include "protocol/decode_record.h"

#include <assert.h>
#include <string.h>

#include "protocol/fields.h"

// ---- the parts of a face

static_assert(sizeof(struct mc_keypoint) == 3 * sizeof(float), "a keypoint is a row of three");

// Reads rows of which there must be one for each keypoint. Whichever part comes first sets the
// number: keypoint_count is -1 before.
static bool read_rows(struct protocol_value value, const char *name, struct protocol_face *face,
                      float *numbers, int columns, struct mc_error *err)
{
    int count = 0;
    if (!protocol_value_rows(value, name, numbers, columns, PROTOCOL_KEYPOINTS_MAX, &count, err)) {
        return false;
    }
    if (face->keypoint_count >= 0 && count != face->keypoint_count) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s: must be one for each of %d keypoints, got %d", name,
                            face->keypoint_count, count);
    }
    face->keypoint_count = count;
    return true;
}

static bool read_keypoints(struct protocol_value value, const struct protocol_field *field,
                           void *target, struct mc_error *err)
{
    struct protocol_face *face = target;
    return read_rows(value, field->name, face, &face->keypoints[0].x, 3, err);
}

static bool read_raw(struct protocol_value value, const struct protocol_field *field, void *target,
                     struct mc_error *err)
{
    struct protocol_face *face = target;
    face->has_raw = true;
    return read_rows(value, field->name, face, &face->raw[0].x, 3, err);
}

static bool read_jacobians(struct protocol_value value, const struct protocol_field *field,
                           void *target, struct mc_error *err)
{
    struct protocol_face *face = target;
    face->has_jacobians = true;
    return read_rows(value, field->name, face, face->jacobians[0], 4, err);
}

static bool read_pose(struct protocol_value value, const struct protocol_field *field, void *target,
                      struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_pose, rotation, protocol_field_floats),
        PROTOCOL_FIELD(struct protocol_pose, euler, protocol_field_floats),
        PROTOCOL_FIELD(struct protocol_pose, translation, protocol_field_floats),
        PROTOCOL_FIELD(struct protocol_pose, error, protocol_field_float),
    };
    struct protocol_face *face = target;
    face->has_pose = true;
    return protocol_value_map(value, field->name, fields, PROTOCOL_FIELD_COUNT(fields), &face->pose,
                              NULL, err);
}

bool protocol_decode_shapes(struct protocol_value value, const char *name,
                            float shapes[PROTOCOL_SHAPE_COUNT], uint64_t *known,
                            struct mc_error *err)
{
    struct protocol_field fields[PROTOCOL_SHAPE_COUNT];
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        fields[i] = (struct protocol_field){ .name = protocol_shape_name((enum protocol_shape)i),
                                             .read = protocol_field_float,
                                             .offset = (size_t)i * sizeof shapes[0],
                                             .is_optional = true };
    }
    memset(shapes, 0, PROTOCOL_SHAPE_COUNT * sizeof shapes[0]);
    return protocol_value_map(value, name, fields, PROTOCOL_SHAPE_COUNT, shapes, known, err);
}

static bool read_shapes(struct protocol_value value, const struct protocol_field *field,
                        void *target, struct mc_error *err)
{
    struct protocol_face *face = target;
    face->has_shapes = true;
    return protocol_decode_shapes(value, field->name, face->shapes, NULL, err);
}

static bool read_gaze_point(struct protocol_value value, const struct protocol_field *field,
                            void *target, struct mc_error *err)
{
    struct protocol_gaze *gaze = target;
    gaze->has_point = true;
    return protocol_value_floats(value, field->name, gaze->point, 3, err);
}

static bool read_gaze(struct protocol_value value, const struct protocol_field *field, void *target,
                      struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_gaze, left, protocol_field_floats),
        PROTOCOL_FIELD(struct protocol_gaze, right, protocol_field_floats),
        { .name = "point", .read = read_gaze_point, .is_optional = true },
    };
    struct protocol_face *face = target;
    face->has_gaze = true;
    face->gaze.has_point = false;
    return protocol_value_map(value, field->name, fields, PROTOCOL_FIELD_COUNT(fields), &face->gaze,
                              NULL, err);
}

static bool read_dense(struct protocol_value value, const struct protocol_field *field,
                       void *target, struct mc_error *err)
{
    struct protocol_face *face = target;
    face->has_dense = true;
    return protocol_value_rows(value, field->name, &face->dense[0].x, 3, PROTOCOL_DENSE_MAX,
                               &face->dense_count, err);
}

static bool read_face(struct protocol_value value, int index, void *user, struct mc_error *err)
{
    enum { KEYPOINTS = 3 };
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_face, id, protocol_field_int),
        PROTOCOL_FIELD(struct protocol_face, score, protocol_field_float),
        PROTOCOL_FIELD(struct protocol_face, box, protocol_field_floats),
        [KEYPOINTS] = { .name = "keypoints", .read = read_keypoints, .is_optional = true },
        { .name = "raw", .read = read_raw, .is_optional = true },
        { .name = "jacobians", .read = read_jacobians, .is_optional = true },
        { .name = "pose", .read = read_pose, .is_optional = true },
        { .name = "shapes", .read = read_shapes, .is_optional = true },
        { .name = "gaze", .read = read_gaze, .is_optional = true },
        { .name = "dense", .read = read_dense, .is_optional = true },
    };
    struct protocol_record *record = user;
    struct protocol_face *face = &record->faces[index];
    uint64_t seen;
    face->keypoint_count = -1;
    face->has_raw = face->has_jacobians = face->has_pose = face->has_shapes = false;
    face->has_gaze = face->has_dense = false;
    face->dense_count = 0;
    if (!protocol_value_map(value, NULL, fields, PROTOCOL_FIELD_COUNT(fields), face, &seen, err)) {
        return false;
    }
    if (!(seen & UINT64_C(1) << KEYPOINTS)) {
        face->keypoint_count = 0;
        return !(face->has_raw || face->has_jacobians) ||
               mc_error_set(err, MC_ERROR_FORMAT, 0, "raw, jacobians: must come with keypoints");
    }
    return true;
}

// ---- the parts of a record

static bool read_faces(struct protocol_value value, const struct protocol_field *field,
                       void *target, struct mc_error *err)
{
    struct protocol_record *record = &((struct protocol_message *)target)->record;
    return protocol_value_array(value, field->name, PROTOCOL_FACES_MAX, read_face, record,
                                &record->face_count, err);
}

static bool read_pts(struct protocol_value value, const struct protocol_field *field, void *target,
                     struct mc_error *err)
{
    struct protocol_message *message = target;
    return protocol_value_number(value, field->name, PROTOCOL_PTS_MAX, &message->record.pts, err);
}

static bool read_side(struct protocol_value value, const struct protocol_field *field, void *target,
                      struct mc_error *err)
{
    int64_t number = 0;
    bool ok = protocol_value_integer(value, field->name, 0, PROTOCOL_SIDE_MAX, &number, err);
    *(int *)((char *)target + field->offset) = (int)number;
    return ok;
}

static bool read_stage(struct protocol_value value, const struct protocol_field *field,
                       void *target, struct mc_error *err)
{
    return protocol_value_integer(value, field->name, 0, PROTOCOL_STAGE_MAX_US,
                                  (int64_t *)((char *)target + field->offset), err);
}

static bool read_timing(struct protocol_value value, const struct protocol_field *field,
                        void *target, struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        { .name = "reassembly",
          .read = read_stage,
          .offset = offsetof(struct protocol_timing, reassembly),
          .is_optional = true }, // the first servers did not measure it,
        { .name = "gather",
          .read = read_stage,
          .offset = offsetof(struct protocol_timing, reassembly),
          .is_optional = true }, // and version 0.1.0 called it this
        PROTOCOL_FIELD(struct protocol_timing, decode, read_stage),
        PROTOCOL_FIELD(struct protocol_timing, wait, read_stage),
        PROTOCOL_FIELD(struct protocol_timing, scale, read_stage),
        PROTOCOL_FIELD(struct protocol_timing, infer, read_stage),
    };
    struct protocol_message *message = target;
    message->has_timing = true;
    return protocol_value_map(value, field->name, fields, PROTOCOL_FIELD_COUNT(fields),
                              &message->record.timing, NULL, err);
}

// A choice that this version does not know counts as HOLD: the faces are not this frame's.
static bool read_lost(struct protocol_value value, const struct protocol_field *field, void *target,
                      struct mc_error *err)
{
    struct protocol_message *message = target;
    char name[32];
    message->record.lost = PROTOCOL_LOST_HOLD;
    if (!protocol_value_text(value, field->name, name, sizeof name, err)) {
        return false;
    }
    protocol_lost_parse(name, &message->record.lost);
    return true;
}

bool protocol_decode_record(struct protocol_value root, struct protocol_message *message,
                            struct mc_error *err)
{
#define RECORD(member, reader)                                                                     \
    {                                                                                              \
        .name = #member, .read = (reader),                                                         \
        .offset = offsetof(struct protocol_message, record.member),                                \
        .size = sizeof((struct protocol_record *)0)->member                                        \
    }
    static const struct protocol_field fields[] = {
        RECORD(stream, protocol_field_text),
        RECORD(seq, protocol_field_count),
        RECORD(pts, read_pts),
        RECORD(t_arrival_ns, protocol_field_time),
        RECORD(t_publish_ns, protocol_field_time),
        RECORD(width, read_side),
        RECORD(height, read_side),
        RECORD(dropped, protocol_field_count),
        { .name = "fence",
          .read = protocol_field_count,
          .offset = offsetof(struct protocol_message, record.fence),
          .is_optional = true },
        { .name = "damaged",
          .read = protocol_field_flag,
          .offset = offsetof(struct protocol_message, record.damaged),
          .is_optional = true },
        { .name = "timing_us", .read = read_timing, .is_optional = true },
        { .name = "lost", .read = read_lost, .is_optional = true },
        { .name = "faces", .read = read_faces },
        PROTOCOL_FIELD(struct protocol_message, missed, protocol_field_count),
    };
    struct protocol_record *record = &message->record;
    message->has_timing = false;
    record->timing = (struct protocol_timing){ 0 };
    record->damaged = false;
    record->fence = 0;
    record->lost = PROTOCOL_LOST_NONE;
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields), message, NULL, err);
}
