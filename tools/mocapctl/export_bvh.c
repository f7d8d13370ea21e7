#include "tools/mocapctl/export_bvh.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double FACE_CM = 14; // width of a face, for want of a measured one

struct frame {
    double place[3];  // cm, from where the head was first
    double angles[3]; // degrees, about z, x and y
};

struct mocapctl_bvh {
    struct frame *frames;
    size_t count, capacity;
    double pts_first, pts_last;
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
    const double place[3] = { (double)t[0] * FACE_CM, -(double)t[1] * FACE_CM,
                              -(double)t[2] * FACE_CM };
    const double rotation[4] = { (double)r[0], -(double)r[1], -(double)r[2], (double)r[3] };
    if (!bvh->has_origin) {
        memcpy(bvh->origin, place, sizeof place);
        bvh->has_origin = true;
    }
    for (int i = 0; i < 3; i++) {
        frame->place[i] = place[i] - bvh->origin[i];
    }
    to_angles(rotation, frame->angles);
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
    *frame = bvh->count > 0 ? frame[-1] : (struct frame){ 0 };
    if (record->face_count > 0 && record->faces[0].has_pose) {
        set_frame(bvh, frame, &record->faces[0].pose);
    }
    bvh->pts_first = bvh->count == 0 ? record->pts : bvh->pts_first;
    bvh->pts_last = record->pts;
    bvh->count++;
    return true;
}

void mocapctl_bvh_write(const struct mocapctl_bvh *bvh, FILE *out)
{
    double step = bvh->count > 1 ? (bvh->pts_last - bvh->pts_first) / (double)(bvh->count - 1) : 0;
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
    fprintf(out, "Frames: %zu\nFrame Time: %.6f\n", bvh->count, step > 0 ? step : 1.0 / 30);
    for (size_t i = 0; i < bvh->count; i++) {
        const struct frame *frame = &bvh->frames[i];
        fprintf(out, "%.4f %.4f %.4f 0 0 0 0 0 0 %.4f %.4f %.4f\n", frame->place[0],
                frame->place[1], frame->place[2], frame->angles[0], frame->angles[1],
                frame->angles[2]);
    }
}
