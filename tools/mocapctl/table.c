#include "tools/mocapctl/table.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "tools/face68.h"
#include "tools/terminal.h"

void mocapctl_table_write_header(FILE *out)
{
    fprintf(out, "%-12s %8s %9s %6s %7s %7s %6s | %3s %5s %7s %7s %5s %5s %8s %5s\n", "stream",
            "seq", "pts s", "fps", "late ms", "dropped", "missed", "id", "score", "nose x",
            "nose y", "eyes", "mouth", "gaze yaw", "pitch");
}

static struct mocapctl_table_stream *find_stream(struct mocapctl_table *table, const char *name)
{
    for (int i = 0; i < table->stream_count; i++) {
        if (strcmp(table->streams[i].name, name) == 0) {
            return &table->streams[i];
        }
    }
    // Servers have no more streams than this; a false one gets a wrong rate.
    if (table->stream_count < PROTOCOL_STREAMS_MAX) {
        table->stream_count++;
    }
    struct mocapctl_table_stream *stream = &table->streams[table->stream_count - 1];
    memset(stream, 0, sizeof *stream);
    snprintf(stream->name, sizeof stream->name, "%s", name);
    return stream;
}

// Records per second that the stream publishes, received or not, over the last few; NAN for the
// first.
static double rate(struct mocapctl_table_stream *stream, const struct protocol_record *record)
{
    const uint64_t kept =
        stream->past_count < MOCAPCTL_TABLE_PAST ? stream->past_count : MOCAPCTL_TABLE_PAST;
    const uint64_t oldest = (stream->past_count - kept) % MOCAPCTL_TABLE_PAST;
    const uint64_t newest = stream->past_count++ % MOCAPCTL_TABLE_PAST;
    double records = (double)record->seq - (double)stream->past[oldest].seq;
    double elapsed_ns = (double)record->t_publish_ns - (double)stream->past[oldest].published_ns;
    stream->past[newest].seq = record->seq;
    stream->past[newest].published_ns = record->t_publish_ns;
    return kept > 0 && records > 0 && elapsed_ns > 0
               ? records * (double)MC_NS_PER_SECOND / elapsed_ns
               : NAN;
}

// A number in its column, or a dash where there is none.
static void write_number(FILE *out, int width, int decimals, double number)
{
    if (isfinite(number)) {
        fprintf(out, " %*.*f", width, decimals, number);
    } else {
        fprintf(out, " %*s", width, "-");
    }
}

static void write_face(FILE *out, const struct protocol_face *face)
{
    bool known = face->keypoint_count == TOOLS_FACE68_COUNT;
    const struct mc_keypoint *nose = &face->keypoints[TOOLS_FACE68_NOSE_TIP];
    fprintf(out, " | %3d", face->id);
    write_number(out, 5, 2, face->score);
    write_number(out, 7, 1, known ? nose->x : NAN);
    write_number(out, 7, 1, known ? nose->y : NAN);
    write_number(out, 5, 2, known ? tools_face68_eyes(face->keypoints) : NAN);
    write_number(out, 5, 2, known ? tools_face68_mouth(face->keypoints) : NAN);
    const struct protocol_gaze *gaze = &face->gaze;
    write_number(out, 8, 0, face->has_gaze ? (gaze->left[0] + gaze->right[0]) / 2 : NAN);
    write_number(out, 5, 0, face->has_gaze ? (gaze->left[1] + gaze->right[1]) / 2 : NAN);
    fputc('\n', out);
}

void mocapctl_table_write(struct mocapctl_table *table, const struct protocol_record *record,
                          uint64_t missed, int64_t now_ns, FILE *out)
{
    struct mocapctl_table_stream *stream = find_stream(table, record->stream);
    stream->missed += missed;
    double fps = rate(stream, record);
    double latency_ms = ((double)now_ns - (double)record->t_arrival_ns) / (double)MC_NS_PER_MS;
    int lines = record->face_count > 0 ? record->face_count : 1;
    for (int i = 0; i < lines; i++) {
        char name[13];
        snprintf(name, sizeof name, "%-12s", record->stream);
        tools_write_text(out, name);
        fprintf(out, " %8ju", (uintmax_t)record->seq);
        write_number(out, 9, 3, record->pts);
        write_number(out, 6, 1, fps);
        write_number(out, 7, 1, latency_ms);
        fprintf(out, " %7ju %6ju", (uintmax_t)record->dropped, (uintmax_t)stream->missed);
        if (record->face_count > 0) {
            write_face(out, &record->faces[i]);
        } else {
            fputs(" | no face\n", out);
        }
    }
}
