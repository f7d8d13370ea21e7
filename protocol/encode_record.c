// Encodes the motion record.
#include <assert.h>
#include <cbor/encoding.h>

#include "protocol/encode.h"
#include "protocol/writer.h"

// Decimals in JSON, by the precision that each quantity has.
enum {
    DECIMALS_PIXEL = 2,
    DECIMALS_CONFIDENCE = 3,
    DECIMALS_SCORE = 4, // also shapes and Jacobians
    DECIMALS_SECONDS = 6,
    DECIMALS_ROTATION = 6,
    DECIMALS_DEGREES = 3,
    DECIMALS_WIDTHS = 5, // face widths
};

static void points(struct protocol_writer *writer, const char *name,
                   const struct mc_keypoint *placed, int count)
{
    static const int decimals[3] = { DECIMALS_PIXEL, DECIMALS_PIXEL, DECIMALS_CONFIDENCE };
    static_assert(sizeof *placed == 3 * sizeof(float), "a keypoint is a row of three");
    protocol_writer_name(writer, name);
    protocol_writer_rows(writer, placed, count, 3, decimals);
}

static void jacobians(struct protocol_writer *writer, const float (*matrices)[4], int count)
{
    static const int decimals[4] = { DECIMALS_SCORE, DECIMALS_SCORE, DECIMALS_SCORE,
                                     DECIMALS_SCORE };
    protocol_writer_name(writer, "jacobians");
    protocol_writer_rows(writer, matrices, count, 4, decimals);
}

static void numbers(struct protocol_writer *writer, const char *name, const float *values,
                    int count, int decimals)
{
    protocol_writer_name(writer, name);
    protocol_writer_numbers(writer, values, count, decimals);
}

static void pose(struct protocol_writer *writer, const struct protocol_pose *head)
{
    protocol_writer_name(writer, "pose");
    protocol_writer_open_map(writer);
    numbers(writer, "rotation", head->rotation, 4, DECIMALS_ROTATION);
    numbers(writer, "euler", head->euler, 3, DECIMALS_DEGREES);
    numbers(writer, "translation", head->translation, 3, DECIMALS_WIDTHS);
    protocol_writer_number_field(writer, "error", (double)head->error, DECIMALS_WIDTHS);
    protocol_writer_close_map(writer);
}

static void shapes(struct protocol_writer *writer, const float *values)
{
    protocol_writer_name(writer, "shapes");
    protocol_writer_open_map(writer);
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        protocol_writer_number_field(writer, protocol_shape_name((enum protocol_shape)i),
                                     (double)values[i], DECIMALS_SCORE);
    }
    protocol_writer_close_map(writer);
}

static void gaze(struct protocol_writer *writer, const struct protocol_gaze *eyes)
{
    protocol_writer_name(writer, "gaze");
    protocol_writer_open_map(writer);
    numbers(writer, "left", eyes->left, 2, DECIMALS_DEGREES);
    numbers(writer, "right", eyes->right, 2, DECIMALS_DEGREES);
    if (eyes->has_point) {
        numbers(writer, "point", eyes->point, 3, DECIMALS_WIDTHS);
    }
    protocol_writer_close_map(writer);
}

static void face(struct protocol_writer *writer, const struct protocol_face *seen, unsigned include)
{
    protocol_writer_open_map(writer);
    protocol_writer_int_field(writer, "id", seen->id);
    protocol_writer_number_field(writer, "score", (double)seen->score, DECIMALS_SCORE);
    numbers(writer, "box", seen->box, 4, DECIMALS_PIXEL);
    if (include & PROTOCOL_KEYPOINTS) {
        points(writer, "keypoints", seen->keypoints, seen->keypoint_count);
    }
    if ((include & PROTOCOL_RAW) && seen->has_raw) {
        points(writer, "raw", seen->raw, seen->keypoint_count);
    }
    if ((include & PROTOCOL_JACOBIANS) && seen->has_jacobians) {
        jacobians(writer, seen->jacobians, seen->keypoint_count);
    }
    if ((include & PROTOCOL_POSE) && seen->has_pose) {
        pose(writer, &seen->pose);
    }
    if ((include & PROTOCOL_SHAPES) && seen->has_shapes) {
        shapes(writer, seen->shapes);
    }
    if ((include & PROTOCOL_GAZE) && seen->has_gaze) {
        gaze(writer, &seen->gaze);
    }
    if ((include & PROTOCOL_DENSE) && seen->has_dense) {
        points(writer, "dense", seen->dense, seen->dense_count);
    }
    protocol_writer_close_map(writer);
}

static void timing(struct protocol_writer *writer, const struct protocol_timing *stages)
{
    protocol_writer_name(writer, "timing_us");
    protocol_writer_open_map(writer);
    protocol_writer_int_field(writer, "reassembly", stages->reassembly);
    protocol_writer_int_field(writer, "decode", stages->decode);
    protocol_writer_int_field(writer, "wait", stages->wait);
    protocol_writer_int_field(writer, "scale", stages->scale);
    protocol_writer_int_field(writer, "infer", stages->infer);
    protocol_writer_close_map(writer);
}

// A damaged file may claim any time: decoders refuse those out of bounds.
static double bound_pts(double pts)
{
    return pts > PROTOCOL_PTS_MAX    ? PROTOCOL_PTS_MAX
           : pts < -PROTOCOL_PTS_MAX ? -PROTOCOL_PTS_MAX
                                     : pts;
}

enum { CBOR_TAIL_BYTES = 1 + 6 + 9 + 1 }; // "missed", a number of fixed length, the end

void protocol_encode_record(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                            const struct protocol_record *record, unsigned include)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "motion");
    protocol_writer_string_field(&writer, "stream", record->stream);
    protocol_writer_uint_field(&writer, "seq", record->seq);
    protocol_writer_number_field(&writer, "pts", bound_pts(record->pts), DECIMALS_SECONDS);
    protocol_writer_int_field(&writer, "t_arrival_ns", record->t_arrival_ns);
    protocol_writer_int_field(&writer, "t_publish_ns", record->t_publish_ns);
    protocol_writer_int_field(&writer, "width", record->width);
    protocol_writer_int_field(&writer, "height", record->height);
    protocol_writer_uint_field(&writer, "dropped", record->dropped);
    if (record->fence != 0) {
        protocol_writer_uint_field(&writer, "fence", record->fence);
    }
    if (record->damaged) {
        protocol_writer_name(&writer, "damaged");
        protocol_writer_bool(&writer, true);
    }
    if (include & PROTOCOL_TIMING) {
        timing(&writer, &record->timing);
    }
    if (record->lost != PROTOCOL_LOST_NONE) {
        protocol_writer_string_field(&writer, "lost", protocol_lost_name(record->lost));
    }
    protocol_writer_name(&writer, "faces");
    protocol_writer_open_array(&writer);
    for (int i = 0; i < record->face_count; i++) {
        face(&writer, &record->faces[i], include);
    }
    protocol_writer_close_array(&writer);
    protocol_writer_leave(&writer, CBOR_TAIL_BYTES);
}

static size_t cbor_tail(char *tail, uint64_t missed)
{
    unsigned char *at = (unsigned char *)tail;
    size_t length = cbor_encode_string_start(6, at, PROTOCOL_TAIL_BYTES);
    for (const char *name = "missed"; *name != '\0'; name++) {
        at[length++] = (unsigned char)*name;
    }
    length += cbor_encode_uint64(missed, at + length, PROTOCOL_TAIL_BYTES - length);
    at[length++] = 0xff;
    assert(length == CBOR_TAIL_BYTES);
    return length;
}

size_t protocol_encode_tail(char tail[PROTOCOL_TAIL_BYTES], enum protocol_encoding encoding,
                            uint64_t missed)
{
    if (encoding == PROTOCOL_CBOR) {
        return cbor_tail(tail, missed);
    }
    struct protocol_buffer buffer = { .data = tail,
                                      .capacity = PROTOCOL_TAIL_BYTES,
                                      .limit = PROTOCOL_TAIL_BYTES };
    protocol_buffer_text(&buffer, ",\"missed\":"); // at most 10 + 20 + 2 bytes
    protocol_buffer_uint(&buffer, missed);
    protocol_buffer_text(&buffer, "}\n");
    return buffer.length;
}
