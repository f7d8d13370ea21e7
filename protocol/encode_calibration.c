#include "protocol/encode.h"
#include "protocol/writer.h"

enum { DECIMALS = 4 };

static void begin(struct protocol_writer *writer, struct protocol_buffer *buffer,
                  enum protocol_encoding encoding, const char *type, struct protocol_id id)
{
    protocol_writer_begin(writer, buffer, encoding, type);
    protocol_encode_id(writer, id);
}

static void flag_field(struct protocol_writer *writer, const char *name, bool value)
{
    protocol_writer_name(writer, name);
    protocol_writer_bool(writer, value);
}

static void numbers_field(struct protocol_writer *writer, const char *name,
                          const struct protocol_shape_numbers *numbers)
{
    protocol_writer_name(writer, name);
    protocol_writer_open_map(writer);
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (numbers->known & UINT64_C(1) << i) {
            protocol_writer_number_field(writer, protocol_shape_name((enum protocol_shape)i),
                                         (double)numbers->values[i], DECIMALS);
        }
    }
    protocol_writer_close_map(writer);
}

static void ranges_field(struct protocol_writer *writer,
                         const struct protocol_calibrated *calibrated)
{
    protocol_writer_name(writer, "ranges");
    protocol_writer_open_array(writer);
    for (int i = 0; i < calibrated->range_count; i++) {
        protocol_writer_open_map(writer);
        numbers_field(writer, "peaks", &calibrated->ranges[i].peaks);
        numbers_field(writer, "gains", &calibrated->ranges[i].gains);
        protocol_writer_close_map(writer);
    }
    protocol_writer_close_array(writer);
}

void protocol_encode_calibrated(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                                const struct protocol_calibrated *calibrated)
{
    struct protocol_writer writer;
    begin(&writer, buffer, encoding, "calibrated", calibrated->id);
    protocol_writer_string_field(&writer, "stream", calibrated->stream);
    protocol_writer_int_field(&writer, "faces", calibrated->faces);
    if (calibrated->profile[0] != '\0') {
        protocol_writer_string_field(&writer, "profile", calibrated->profile);
    }
    if (calibrated->range_count > 0) {
        ranges_field(&writer, calibrated);
    }
    protocol_writer_end(&writer);
}

static void faces_field(struct protocol_writer *writer,
                        const struct protocol_calibration *calibration)
{
    protocol_writer_name(writer, "faces");
    protocol_writer_open_array(writer);
    for (int i = 0; i < calibration->face_count; i++) {
        const struct protocol_face_calibration *face = &calibration->faces[i];
        protocol_writer_open_map(writer);
        flag_field(writer, "neutral", face->neutral);
        numbers_field(writer, "offsets", &face->offsets);
        numbers_field(writer, "gains", &face->gains);
        protocol_writer_close_map(writer);
    }
    protocol_writer_close_array(writer);
}

void protocol_encode_calibration(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                                 const struct protocol_calibration *calibration)
{
    struct protocol_writer writer;
    begin(&writer, buffer, encoding, "calibration", calibration->id);
    protocol_writer_string_field(&writer, "stream", calibration->stream);
    protocol_writer_string_field(&writer, "profile", calibration->profile);
    flag_field(&writer, "active", calibration->active);
    faces_field(&writer, calibration);
    protocol_writer_name(&writer, "shapes");
    protocol_writer_open_array(&writer);
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (calibration->shapes & UINT64_C(1) << i) {
            protocol_writer_string(&writer, protocol_shape_name((enum protocol_shape)i));
        }
    }
    protocol_writer_close_array(&writer);
    protocol_writer_name(&writer, "profiles");
    protocol_writer_open_array(&writer);
    for (int i = 0; i < calibration->profile_count; i++) {
        protocol_writer_string(&writer, calibration->profiles[i]);
    }
    protocol_writer_close_array(&writer);
    protocol_writer_end(&writer);
}
