#include "tools/mocapctl/export_live_link.h"

#include <math.h>

#include "tools/bridge/live_link_values.h"

enum { RATE = 60 }; // of the timecode; the app's own

void mocapctl_live_link_header(FILE *out)
{
    fputs("Timecode,BlendShapeCount", out);
    for (int i = 0; i < LIVE_LINK_VALUES; i++) {
        fprintf(out, ",%s", live_link_name(live_link_csv_value(i)));
    }
    fputc('\n', out);
}

// Time of day: an hour that does not fit begins anew.
static void write_timecode(FILE *out, double seconds)
{
    const double of_day = isfinite(seconds) ? fmod(fmax(seconds, 0), 24 * 3600) : 0;
    const long thousandths = lround(floor(of_day * RATE * 1000 + 0.5)); // of frames
    const long frames = thousandths / 1000, whole = frames / RATE;
    fprintf(out, "%02ld:%02ld:%02ld:%02ld.%03ld", whole / 3600 % 24, whole / 60 % 60, whole % 60,
            frames % RATE, thousandths % 1000);
}

void mocapctl_live_link_record(FILE *out, const struct protocol_record *record)
{
    const struct protocol_face *face = record->face_count > 0 ? &record->faces[0] : NULL;
    float values[LIVE_LINK_VALUES];
    if (face == NULL) {
        return;
    }
    live_link_values(
        face->has_shapes ? face->shapes : NULL, face->has_pose ? face->pose.euler : NULL,
        face->has_gaze ? face->gaze.left : NULL, face->has_gaze ? face->gaze.right : NULL, values);
    write_timecode(out, record->pts);
    fprintf(out, ",%d", LIVE_LINK_VALUES);
    for (int i = 0; i < LIVE_LINK_VALUES; i++) {
        fprintf(out, ",%.6f", (double)values[live_link_csv_value(i)]);
    }
    fputc('\n', out);
}
