#include "tools/mocapctl/export_bvh.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bridge/rotation.h"
#include "tools/face_width.h"

enum { FRAMES_MAX = 10000000 }; // of the file: a day of 100 a second

struct frame {
    double time;        // seconds
    double place[3];    // cm, from where the head was first
    double rotation[4]; // x, y, z, w
};

struct mocapctl_bvh {
    struct frame *frames;
    size_t count, capacity;
    double last_pts, offset; // of the records: time = pts + offset
    int64_t last_publish_ns;
    bool has_origin;
    double origin[3];
};

struct mocapctl_bvh *mocapctl_bvh_create(void)
{
    return calloc(1, sizeof(struct mocapctl_bvh));
}

void mocapctl_bvh_destroy(struct mocapctl_bvh *bvh)
{
    if (bvh != NULL) {
        free(bvh->frames);
        free(bvh);
    }
}

static double degrees(double radians)
{
    return radians * 180 / M_PI + 0.0; // never -0: that would be written so
}

// The angles of R = Rz Rx Ry for the unit quaternion: BVH applies a joint's channels
// from the first to the last, each in the axes that the one before has turned.
static void to_angles(const double q[4], double angles[3])
{
    double x = q[0], y = q[1], z = q[2], w = q[3];
    double r01 = 2 * (x * y - z * w), r11 = 1 - 2 * (x * x + z * z), r21 = 2 * (y * z + x * w);
    double r20 = 2 * (x * z - y * w), r22 = 1 - 2 * (x * x + y * y);
    angles[0] = degrees(atan2(-r01, r11));
    angles[1] = degrees(asin(fmin(fmax(r21, -1), 1)));
    angles[2] = degrees(atan2(-r20, r22));
}

// The camera's axes are x right, y down, z away from it; turned half around x they are
// BVH's: y up, z towards the camera. A rotation's axis turns with them.
static void set_frame(struct mocapctl_bvh *bvh, struct frame *frame,
                      const struct protocol_pose *pose)
{
    const float *t = pose->translation, *r = pose->rotation;
    const double place[3] = { (double)t[0] * TOOLS_FACE_WIDTH_CM,
                              -(double)t[1] * TOOLS_FACE_WIDTH_CM,
                              -(double)t[2] * TOOLS_FACE_WIDTH_CM };
    if (!bvh->has_origin) {
        memcpy(bvh->origin, place, sizeof place);
        bvh->has_origin = true;
    }
    for (int i = 0; i < 3; i++) {
        frame->place[i] = place[i] - bvh->origin[i];
    }
    frame->rotation[0] = (double)r[0];
    frame->rotation[1] = -(double)r[1];
    frame->rotation[2] = -(double)r[2];
    frame->rotation[3] = (double)r[3];
}

// The record's time: its pts, which begins anew with the daemon; then the clock tells how
// long that took.
static double time_of(struct mocapctl_bvh *bvh, const struct protocol_record *record)
{
    if (bvh->count > 0 && record->pts <= bvh->last_pts) {
        const double gap_s = (double)(record->t_publish_ns - bvh->last_publish_ns) / 1e9;
        bvh->offset += bvh->last_pts - record->pts + fmax(0, gap_s);
    }
    bvh->last_pts = record->pts;
    bvh->last_publish_ns = record->t_publish_ns;
    return record->pts + bvh->offset;
}

bool mocapctl_bvh_add(struct mocapctl_bvh *bvh, const struct protocol_record *record)
{
    if (bvh->count == bvh->capacity) {
        size_t capacity = bvh->capacity == 0 ? 1024 : 2 * bvh->capacity;
        struct frame *frames = realloc(bvh->frames, capacity * sizeof *frames);
        if (frames == NULL) {
            return false;
        }
        bvh->frames = frames;
        bvh->capacity = capacity;
    }
    struct frame *frame = &bvh->frames[bvh->count];
    *frame = bvh->count > 0 ? frame[-1] : (struct frame){ .rotation[3] = 1 };
    frame->time = time_of(bvh, record);
    if (record->face_count > 0 && record->faces[0].has_pose) {
        set_frame(bvh, frame, &record->faces[0].pose);
    }
    bvh->count++;
    return true;
}

static int compare_steps(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The usual time from one record to the next, seconds; negative when out of memory.
static double median_step(const struct mocapctl_bvh *bvh)
{
    static const double step_default = 1.0 / 30, step_least = 0.001;
    if (bvh->count < 2) {
        return step_default;
    }
    const size_t count = bvh->count - 1;
    double *steps = malloc(count * sizeof *steps);
    if (steps == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        steps[i] = bvh->frames[i + 1].time - bvh->frames[i].time;
    }
    qsort(steps, count, sizeof *steps, compare_steps);
    const double step = steps[count / 2];
    free(steps);
    return fmax(step, step_least);
}

// Between two frames, part of the way from a to b: rotations along the shorter arc, which
// for the few degrees between frames is a straight line.
static struct frame mix(const struct frame *a, const struct frame *b, double part)
{
    struct frame mixed = *a;
    double dot = 0, length = 0;
    for (int i = 0; i < 3; i++) {
        mixed.place[i] += part * (b->place[i] - a->place[i]);
    }
    for (int i = 0; i < 4; i++) {
        dot += a->rotation[i] * b->rotation[i];
    }
    for (int i = 0; i < 4; i++) {
        mixed.rotation[i] += part * ((dot < 0 ? -1 : 1) * b->rotation[i] - a->rotation[i]);
        length += mixed.rotation[i] * mixed.rotation[i];
    }
    for (int i = 0; i < 4; i++) {
        mixed.rotation[i] = length > 0 ? mixed.rotation[i] / sqrt(length) : a->rotation[i];
    }
    return mixed;
}

static void write_hierarchy(FILE *out)
{
    fputs("HIERARCHY\n"
          "ROOT Hips\n"
          "{\n"
          "\tOFFSET 0 0 0\n"
          "\tCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
          "\tJOINT Neck\n"
          "\t{\n"
          "\t\tOFFSET 0 55 0\n"
          "\t\tCHANNELS 3 Zrotation Xrotation Yrotation\n"
          "\t\tJOINT Head\n"
          "\t\t{\n"
          "\t\t\tOFFSET 0 10 0\n"
          "\t\t\tCHANNELS 3 Zrotation Xrotation Yrotation\n"
          "\t\t\tEnd Site\n"
          "\t\t\t{\n"
          "\t\t\t\tOFFSET 0 20 0\n"
          "\t\t\t}\n"
          "\t\t}\n"
          "\t}\n"
          "}\n"
          "MOTION\n",
          out);
}

// The neck takes its share of the turn, as in VMC; the head has the rest, about the same axis.
static void write_frame(const struct frame *frame, FILE *out)
{
    const double shares[2] = { BRIDGE_NECK_SHARE, 1 - BRIDGE_NECK_SHARE };
    float whole[4], part[4];
    for (int i = 0; i < 4; i++) {
        whole[i] = (float)frame->rotation[i];
    }
    fprintf(out, "%.4f %.4f %.4f 0 0 0", frame->place[0], frame->place[1], frame->place[2]);
    for (int i = 0; i < 2; i++) {
        double angles[3], turned[4];
        bridge_rotation_share(whole, shares[i], part);
        for (int k = 0; k < 4; k++) {
            turned[k] = (double)part[k];
        }
        to_angles(turned, angles);
        fprintf(out, " %.4f %.4f %.4f", angles[0], angles[1], angles[2]);
    }
    fputc('\n', out);
}

bool mocapctl_bvh_write(const struct mocapctl_bvh *bvh, FILE *out, struct mc_error *err)
{
    const double step = median_step(bvh);
    const double span = bvh->count > 0 ? bvh->frames[bvh->count - 1].time - bvh->frames[0].time : 0;
    if (step < 0) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the motion");
    }
    if (!(span / step < FRAMES_MAX)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "BVH: must be at most %d frames, got %.0f s in steps of %.4f s",
                            FRAMES_MAX, span, step);
    }
    const size_t count = bvh->count > 0 ? (size_t)lround(span / step) + 1 : 0;
    write_hierarchy(out);
    fprintf(out, "Frames: %zu\nFrame Time: %.6f\n", count, step);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const double time = bvh->frames[0].time + (double)i * step;
        while (at + 1 < bvh->count && bvh->frames[at + 1].time <= time) {
            at++;
        }
        const struct frame *frame = &bvh->frames[at];
        const struct frame *next = at + 1 < bvh->count ? frame + 1 : frame;
        const double gap = next->time - frame->time;
        const struct frame mixed =
            mix(frame, next, gap > 0 ? fmax(0, time - frame->time) / gap : 0);
        write_frame(&mixed, out);
    }
    return true;
}
