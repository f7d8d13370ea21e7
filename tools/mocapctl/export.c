// mocapctl export: a recording as CSV, lines of JSON, BVH, or a take of Live Link Face.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "protocol/decode.h"
#include "protocol/encode.h"
#include "protocol/recording.h"
#include "tools/face68.h"
#include "tools/mocapctl/export_bvh.h"
#include "tools/mocapctl/export_live_link.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/output_file.h"
#include "tools/terminal.h"

enum format { FORMAT_CSV, FORMAT_JSON, FORMAT_BVH, FORMAT_LIVE_LINK };

struct options {
    const char *file, *out, *stream;
    enum format format;
    bool dense;
};

struct export
{
    struct options options;
    FILE *out;
    struct protocol_message *message;
    struct protocol_buffer line;
    struct mocapctl_bvh *bvh;
    int dense_count; // of the dense points to be written, 0: none
    char only_stream[PROTOCOL_NAME_BYTES];
};

// ---- CSV: a line for each face, one without for a record that has none

static void csv_header(FILE *out, int dense_count)
{
    fputs("stream,seq,pts,t_arrival_ns,t_publish_ns,width,height,dropped,missed,damaged,face,"
          "score,box_x,box_y,box_width,box_height,rotation_x,rotation_y,rotation_z,rotation_w,"
          "pitch,yaw,roll,translation_x,translation_y,translation_z,pose_error",
          out);
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        fprintf(out, ",%s", protocol_shape_name((enum protocol_shape)i));
    }
    for (int i = 0; i < TOOLS_FACE68_COUNT; i++) {
        fprintf(out, ",x%d,y%d,c%d", i, i, i);
    }
    fputs(",gaze_left_yaw,gaze_left_pitch,gaze_right_yaw,gaze_right_pitch,gaze_x,gaze_y,gaze_z",
          out);
    for (int i = 0; i < dense_count; i++) {
        fprintf(out, ",dense_x%d,dense_y%d,dense_c%d", i, i, i);
    }
    fputc('\n', out);
}

// count numbers in their columns, empty ones where there are none.
static void csv_numbers(FILE *out, const float *numbers, int count)
{
    for (int i = 0; i < count; i++) {
        if (numbers == NULL) {
            fputc(',', out);
        } else {
            fprintf(out, ",%.9g", (double)numbers[i]);
        }
    }
}

static void csv_gaze(FILE *out, const struct protocol_gaze *gaze)
{
    csv_numbers(out, gaze == NULL ? NULL : gaze->left, 2);
    csv_numbers(out, gaze == NULL ? NULL : gaze->right, 2);
    csv_numbers(out, gaze == NULL || !gaze->has_point ? NULL : gaze->point, 3);
}

// count points in their columns, empty ones where there are fewer.
static void csv_points(FILE *out, const struct mc_keypoint *points, int point_count, int count)
{
    for (int i = 0; i < count; i++) {
        const float numbers[3] = { i < point_count ? points[i].x : 0,
                                   i < point_count ? points[i].y : 0,
                                   i < point_count ? points[i].c : 0 };
        csv_numbers(out, i < point_count ? numbers : NULL, 3);
    }
}

static void csv_face(FILE *out, const struct protocol_face *face, int dense_count)
{
    if (face == NULL) {
        fputc(',', out);
    } else {
        fprintf(out, ",%d", face->id);
    }
    const struct protocol_pose *pose = face != NULL && face->has_pose ? &face->pose : NULL;
    csv_numbers(out, face == NULL ? NULL : &face->score, 1);
    csv_numbers(out, face == NULL ? NULL : face->box, 4);
    csv_numbers(out, pose == NULL ? NULL : pose->rotation, 4);
    csv_numbers(out, pose == NULL ? NULL : pose->euler, 3);
    csv_numbers(out, pose == NULL ? NULL : pose->translation, 3);
    csv_numbers(out, pose == NULL ? NULL : &pose->error, 1);
    csv_numbers(out, face != NULL && face->has_shapes ? face->shapes : NULL, PROTOCOL_SHAPE_COUNT);
    csv_points(out, face == NULL ? NULL : face->keypoints, face == NULL ? 0 : face->keypoint_count,
               TOOLS_FACE68_COUNT);
    csv_gaze(out, face != NULL && face->has_gaze ? &face->gaze : NULL);
    csv_points(out, face == NULL ? NULL : face->dense,
               face != NULL && face->has_dense ? face->dense_count : 0, dense_count);
    fputc('\n', out);
}

static void csv_record(FILE *out, const struct protocol_message *message, int dense_count)
{
    const struct protocol_record *record = &message->record;
    for (int i = 0; i < record->face_count || i == 0; i++) {
        tools_write_text(out, record->stream);
        fprintf(out, ",%" PRIu64 ",%.6f,%" PRId64 ",%" PRId64 ",%d,%d,%" PRIu64 ",%" PRIu64 ",%d",
                record->seq, record->pts, record->t_arrival_ns, record->t_publish_ns, record->width,
                record->height, record->dropped, message->missed, record->damaged);
        csv_face(out, record->face_count > 0 ? &record->faces[i] : NULL, dense_count);
    }
}

// ---- any

static bool json_record(struct export *export, struct mc_error *err)
{
    char tail[PROTOCOL_TAIL_BYTES];
    unsigned include = PROTOCOL_INCLUDE_ALL;
    if (!export->message->has_timing) {
        include &= ~(unsigned)PROTOCOL_TIMING;
    }
    protocol_buffer_clear(&export->line);
    protocol_encode_record(&export->line, PROTOCOL_JSON, &export->message->record, include);
    protocol_buffer_bytes(&export->line, tail,
                          protocol_encode_tail(tail, PROTOCOL_JSON, export->message->missed));
    tools_write_json(export->out, export->line.data, export->line.length);
    return !export->line.failed || mc_error_set(err, MC_ERROR_MEMORY, 0, "a record is too long");
}

static bool write_record(struct export *export, struct mc_error *err)
{
    const struct protocol_record *record = &export->message->record;
    if (export->options.stream != NULL && strcmp(record->stream, export->options.stream) != 0) {
        return true;
    }
    switch (export->options.format) {
    case FORMAT_CSV:
        csv_record(export->out, export->message, export->dense_count);
        return true;
    case FORMAT_JSON:
        return json_record(export, err);
    case FORMAT_BVH:
        return mocapctl_bvh_add(export->bvh, record) ||
               mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the motion");
    case FORMAT_LIVE_LINK:
        mocapctl_live_link_record(export->out, record);
        return true;
    }
    return true;
}

static bool write_records(struct export *export, struct protocol_recording *recording,
                          struct mc_error *err)
{
    const char *item;
    size_t length;
    enum protocol_recording_result result;
    while ((result = protocol_recording_next(recording, &item, &length, err)) ==
           PROTOCOL_RECORDING_MESSAGE) {
        if (!protocol_decode_message(PROTOCOL_CBOR, item, length, export->message, err) ||
            (export->message->type == PROTOCOL_MESSAGE_MOTION && !write_record(export, err))) {
            return false;
        }
    }
    if (result == PROTOCOL_RECORDING_CUT) {
        tools_complain("the recording ends inside a message: its recorder was killed");
    }
    return result != PROTOCOL_RECORDING_ERROR;
}

// The stream to export where none is named: the only one with records. The header lists those of
// the start alone, so the whole recording is read.
static bool find_only_stream(struct export *export, struct protocol_recording *recording,
                             struct mc_error *err)
{
    const char *item;
    size_t length;
    while (protocol_recording_next(recording, &item, &length, err) == PROTOCOL_RECORDING_MESSAGE) {
        const struct protocol_message *message = export->message;
        if (!protocol_decode_message(PROTOCOL_CBOR, item, length, export->message, err)) {
            return false;
        }
        if (message->type != PROTOCOL_MESSAGE_MOTION) {
            continue;
        }
        const char *name = message->record.stream;
        if (export->only_stream[0] == '\0') {
            snprintf(export->only_stream, sizeof export->only_stream, "%s", name);
        } else if (strcmp(export->only_stream, name) != 0) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                "--stream must be given: %s holds one stream, the recording has "
                                "%s, %s and maybe more",
                                export->options.format == FORMAT_BVH ? "BVH" : "a take",
                                export->only_stream, name);
        }
    }
    export->options.stream = export->only_stream;
    return protocol_recording_rewind(recording, err);
}

static bool write_all(struct export *export, struct protocol_recording *recording,
                      struct mc_error *err)
{
    const struct protocol_hello *hello = protocol_recording_hello(recording);
    const bool holds_one =
        export->options.format == FORMAT_BVH || export->options.format == FORMAT_LIVE_LINK;
    if (holds_one && export->options.stream == NULL && !find_only_stream(export, recording, err)) {
        return false;
    }
    if (export->options.dense) {
        export->dense_count = hello->dense.count;
        if (export->dense_count == 0) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0,
                                "%s: no dense points: mocapd must run a model that gives them "
                                "(docs/protocol.md)",
                                export->options.file);
        }
    }
    if (export->options.format == FORMAT_CSV) {
        csv_header(export->out, export->dense_count);
    }
    if (export->options.format == FORMAT_LIVE_LINK) {
        mocapctl_live_link_header(export->out);
    }
    return write_records(export, recording, err) &&
           (export->options.format != FORMAT_BVH ||
            mocapctl_bvh_write(export->bvh, export->out, err));
}

// To the file that was named, which is as before on failure.
static bool write_file(struct export *export, struct protocol_recording *recording,
                       struct mc_error *err)
{
    struct tools_output_file file;
    if (!tools_output_file_begin(&file, export->options.out, err)) {
        return false;
    }
    export->out = fopen(file.path, "we");
    bool good = export->out != NULL ? write_all(export, recording, err)
                                    : mc_error_set_errno(err, "%s", export->options.out);
    if (good && (fflush(export->out) != 0 || ferror(export->out))) {
        good = mc_error_set_errno(err, "%s", export->options.out);
    }
    if (export->out != NULL && fclose(export->out) != 0 && good) {
        good = mc_error_set_errno(err, "%s", export->options.out);
    }
    if (!good) {
        tools_output_file_drop(&file);
    }
    return good && tools_output_file_commit(&file, err);
}

static bool export_all(struct export *export, struct mc_error *err)
{
    export->message = calloc(1, sizeof *export->message);
    export->bvh = mocapctl_bvh_create();
    protocol_buffer_init(&export->line, PROTOCOL_MESSAGE_BYTES);
    if (export->message == NULL || export->bvh == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    }
    struct protocol_recording *recording = protocol_recording_open(export->options.file, err);
    if (recording == NULL) {
        return false;
    }
    const bool good = export->options.out != NULL ? write_file(export, recording, err)
                                                  : write_all(export, recording, err);
    protocol_recording_close(recording);
    return good;
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct export export = { .options = *(const struct options *)options, .out = stdout };
    struct mc_error err = { 0 };
    bool good = export_all(&export, &err);
    if (!good) {
        tools_complain("%s", err.message);
    }
    mocapctl_bvh_destroy(export.bvh);
    protocol_buffer_finish(&export.line);
    free(export.message);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static bool check(void *chosen, struct mc_error *err)
{
    const struct options *options = chosen;
    if (options->dense && options->format != FORMAT_CSV) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--dense is for --csv; --json has them, --bvh has only the head");
    }
    return options->out == NULL || !mc_path_is_same(options->file, options->out) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s would overwrite the recording",
                        options->out);
}

static const struct mc_option table[] = {
    { "FILE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "a recording of mocapctl record", MC_OPTION_FIELD(struct options, file) },
    { "csv", 0, NULL, "a line for each face, with its keypoints; the default", MC_OPTION_CONST,
      .constant = FORMAT_CSV, MC_OPTION_FIELD(struct options, format) },
    { "json", 0, NULL, "a line of JSON for each record, as the socket has it", MC_OPTION_CONST,
      .constant = FORMAT_JSON, MC_OPTION_FIELD(struct options, format) },
    { "bvh", 0, NULL, "the head's motion for animation programs; of one stream", MC_OPTION_CONST,
      .constant = FORMAT_BVH, MC_OPTION_FIELD(struct options, format) },
    { "live-link", 0, NULL,
      "a take of Live Link Face as CSV: 52 shapes, head and eyes, with timecode; of one stream",
      MC_OPTION_CONST, .constant = FORMAT_LIVE_LINK, MC_OPTION_FIELD(struct options, format) },
    { "dense", 0, NULL, "with --csv: the dense points, too", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct options, dense) },
    { "stream", 0, "NAME", "export only this stream", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, stream) },
    { "output", 'o', "OUT", "the file to write; default: standard output", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, out) },
    { 0 },
};

const struct mc_command mocapctl_export_command = {
    .name = "export",
    .summary = "convert a recording to CSV, lines of JSON, BVH, or a take of Live Link Face",
    .options = table,
    .options_size = sizeof(struct options),
    .check = check,
    .run = run,
};
