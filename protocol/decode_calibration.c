#include "protocol/decode_calibration.h"

#include "protocol/decode_record.h"
#include "protocol/fields.h"

static bool read_numbers(struct protocol_value value, const struct protocol_field *field,
                         void *target, struct mc_error *err)
{
    struct protocol_shape_numbers *numbers =
        (struct protocol_shape_numbers *)((char *)target + field->offset);
    return protocol_decode_shapes(value, field->name, numbers->values, &numbers->known, err);
}

// ---- calibrated

static bool read_range(struct protocol_value value, int index, void *user, struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_shape_range, peaks, read_numbers),
        PROTOCOL_FIELD(struct protocol_shape_range, gains, read_numbers),
    };
    struct protocol_calibrated *calibrated = user;
    return protocol_value_map(value, NULL, fields, PROTOCOL_FIELD_COUNT(fields),
                              &calibrated->ranges[index], NULL, err);
}

static bool read_ranges(struct protocol_value value, const struct protocol_field *field,
                        void *target, struct mc_error *err)
{
    struct protocol_calibrated *calibrated = target;
    return protocol_value_array(value, field->name, PROTOCOL_FACES_MAX, read_range, calibrated,
                                &calibrated->range_count, err);
}

bool protocol_decode_calibrated(struct protocol_value root, struct protocol_message *message,
                                struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_calibrated, stream, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_calibrated, faces, protocol_field_int),
        { .name = "profile",
          .read = protocol_field_text,
          .offset = offsetof(struct protocol_calibrated, profile),
          .size = sizeof message->calibrated.profile,
          .is_optional = true },
        { .name = "ranges", .read = read_ranges, .is_optional = true },
    };
    message->calibrated.id = message->id;
    message->calibrated.profile[0] = '\0';
    message->calibrated.range_count = 0;
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields),
                              &message->calibrated, NULL, err);
}

// ---- calibration

static bool read_face(struct protocol_value value, int index, void *user, struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_face_calibration, neutral, protocol_field_flag),
        PROTOCOL_FIELD(struct protocol_face_calibration, offsets, read_numbers),
        PROTOCOL_FIELD(struct protocol_face_calibration, gains, read_numbers),
    };
    struct protocol_calibration *calibration = user;
    return protocol_value_map(value, NULL, fields, PROTOCOL_FIELD_COUNT(fields),
                              &calibration->faces[index], NULL, err);
}

static bool read_faces(struct protocol_value value, const struct protocol_field *field,
                       void *target, struct mc_error *err)
{
    struct protocol_calibration *calibration = target;
    return protocol_value_array(value, field->name, PROTOCOL_FACES_MAX, read_face, calibration,
                                &calibration->face_count, err);
}

// Shapes that this version does not know are ignored.
static bool read_shape(struct protocol_value value, int index, void *user, struct mc_error *err)
{
    struct protocol_calibration *calibration = user;
    char name[PROTOCOL_NAME_BYTES];
    enum protocol_shape shape;
    if (!protocol_value_text(value, "shapes", name, sizeof name, err)) {
        return false;
    }
    if (protocol_shape_parse(name, &shape)) {
        calibration->shapes |= UINT64_C(1) << shape;
    }
    return true;
}

static bool read_shapes(struct protocol_value value, const struct protocol_field *field,
                        void *target, struct mc_error *err)
{
    enum { MOST = 256 }; // shapes of later versions
    struct protocol_calibration *calibration = target;
    int count;
    calibration->shapes = 0;
    return protocol_value_array(value, field->name, MOST, read_shape, calibration, &count, err);
}

static bool read_profile(struct protocol_value value, int index, void *user, struct mc_error *err)
{
    struct protocol_calibration *calibration = user;
    return protocol_value_text(value, "profiles", calibration->profiles[index],
                               sizeof calibration->profiles[index], err);
}

static bool read_profiles(struct protocol_value value, const struct protocol_field *field,
                          void *target, struct mc_error *err)
{
    struct protocol_calibration *calibration = target;
    return protocol_value_array(value, field->name, PROTOCOL_PROFILES_MAX, read_profile,
                                calibration, &calibration->profile_count, err);
}

bool protocol_decode_calibration(struct protocol_value root, struct protocol_message *message,
                                 struct mc_error *err)
{
    static const struct protocol_field fields[] = {
        PROTOCOL_FIELD(struct protocol_calibration, stream, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_calibration, profile, protocol_field_text),
        PROTOCOL_FIELD(struct protocol_calibration, active, protocol_field_flag),
        { .name = "faces", .read = read_faces },
        { .name = "shapes", .read = read_shapes },
        { .name = "profiles", .read = read_profiles },
    };
    message->calibration.id = message->id;
    return protocol_value_map(root, NULL, fields, PROTOCOL_FIELD_COUNT(fields),
                              &message->calibration, NULL, err);
}
