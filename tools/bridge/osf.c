#include "tools/bridge/osf.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "pipeline/motion/mean_face.h"
#include "tools/bridge/output.h"
#include "tools/bridge/rotation.h"

enum {
    FACE68_POINTS = 68,
    POINTS = 68,    // of OpenSeeFace: 66 of the face, then the pupils
    PUPILS = 66,    // right, left
    POINTS_3D = 70, // also the middles of the eyeballs
    EYEBALLS = 68,
    NOSE_TIP = 30, // the origin of OpenSeeFace's head
};

// The distance of the middle of an eyeball from the line between the corners, in
// distances of the corners.
#define EYEBALL_DEPTH 0.385

// OpenSeeFace's first 66 points among the 68 landmarks: all but the inner corners
// of the mouth, in an order that has the outer ones, 58 and 62, with the inner lips.
static int landmark_of(int point)
{
    if (point == 58) {
        return 48;
    }
    if (point == 62) {
        return 54;
    }
    return point < 48 ? point : point < 53 ? point + 1 : point + 2;
}

// A face as OpenSeeFace would have measured it.
struct measured {
    double points[POINTS][2]; // right, down; pixels
    float confidence[POINTS];
    bool has_3d;
    double turned[3][3]; // head's frame to camera's, both OpenSeeFace's
    double translation[3];
    float points_3d[POINTS_3D][3]; // x to the person's right, y up, z to the front
    float error;                   // pixels
};

// ---- measuring

static void take_points(const struct mocap_face *face, struct measured *measured)
{
    for (int i = 0; i < PUPILS; i++) {
        const struct mocap_keypoint *keypoint = &face->keypoints[landmark_of(i)];
        measured->points[i][0] = keypoint->x;
        measured->points[i][1] = keypoint->y;
        measured->confidence[i] = keypoint->c;
    }
    // Until gaze says where they are, the pupils are in the middle of the eye, without confidence.
    for (int eye = 0; eye < 2; eye++) {
        const int first = 36 + 6 * eye;
        for (int axis = 0; axis < 2; axis++) {
            measured->points[PUPILS + eye][axis] =
                (measured->points[first][axis] + measured->points[first + 3][axis]) / 2;
        }
        measured->confidence[PUPILS + eye] = 0;
    }
}

// The mean face's landmark, from the tip of the nose, in our head's axes.
static void reference(int landmark, double point[3])
{
    const struct pipeline_mean_point *mean = &pipeline_mean_face[landmark];
    const struct pipeline_mean_point *nose = &pipeline_mean_face[NOSE_TIP];
    point[0] = (double)mean->x - nose->x;
    point[1] = (double)mean->y - nose->y;
    point[2] = (double)mean->z - nose->z;
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

// Pixels for one width of the face, and where the tip of the nose is by all
// landmarks together: least squares with the rotation given. False when the
// landmarks are no such face.
static bool fit(const struct mocap_face *face, double rotation[3][3], double *scale, double nose[2])
{
    double model_mean[2] = { 0 }, seen_mean[2] = { 0 }, both = 0, square = 0;
    double model[FACE68_POINTS][2], seen[FACE68_POINTS][2];
    for (int i = 0; i < FACE68_POINTS; i++) {
        double point[3];
        reference(i, point);
        seen[i][0] = face->keypoints[i].x;
        seen[i][1] = face->keypoints[i].y;
        for (int axis = 0; axis < 2; axis++) {
            model[i][axis] = dot(rotation[axis], point);
            model_mean[axis] += model[i][axis] / FACE68_POINTS;
            seen_mean[axis] += seen[i][axis] / FACE68_POINTS;
        }
    }
    for (int i = 0; i < FACE68_POINTS; i++) {
        for (int axis = 0; axis < 2; axis++) {
            const double from_mean = model[i][axis] - model_mean[axis];
            both += from_mean * (seen[i][axis] - seen_mean[axis]);
            square += from_mean * from_mean;
        }
    }
    *scale = both / square;
    for (int axis = 0; axis < 2; axis++) {
        nose[axis] = seen_mean[axis] - *scale * model_mean[axis];
    }
    return isfinite(*scale) && *scale > 1; // not a face of one pixel
}

// A head before OpenSeeFace's camera.
struct view {
    double width, height;
    double turned[3][3];
    double translation[3];
};

// Where the ray through a point of the frame is at that depth.
static void unproject(const struct view *view, const double point[2], double depth, double place[3])
{
    place[0] = (point[1] - view->width / 2) / view->width * depth;
    place[1] = (point[0] - view->height / 2) / view->width * depth;
    place[2] = depth;
}

// The point's place in the head's frame, when it is as deep as guess, another
// place in that frame.
static void lift(const struct view *view, const double point[2], const double guess[3],
                 float place[3])
{
    double seen[3];
    unproject(view, point, dot(view->turned[2], guess) + view->translation[2], seen);
    for (int j = 0; j < 3; j++) {
        double sum = 0;
        for (int i = 0; i < 3; i++) {
            sum += view->turned[i][j] * (seen[i] - view->translation[i]);
        }
        place[j] = (float)sum;
    }
}

// Where OpenSeeFace's camera sees a place of the head's frame.
static void project(const struct view *view, const float place[3], double point[2])
{
    double seen[3];
    for (int i = 0; i < 3; i++) {
        seen[i] = view->translation[i];
        for (int j = 0; j < 3; j++) {
            seen[i] += view->turned[i][j] * place[j];
        }
    }
    point[0] = seen[1] / seen[2] * view->width + view->height / 2;
    point[1] = seen[0] / seen[2] * view->width + view->width / 2;
}

// Turns a pupil round its eyeball, and moves its point of the frame there. Pupils are as certain as
// the outline of their eye.
static void turn_pupil(const struct view *view, struct measured *measured, int eye,
                       const float gaze[2], double depth)
{
    const float *ball = measured->points_3d[EYEBALLS + eye];
    float *pupil = measured->points_3d[PUPILS + eye];
    double rotation[3][3];
    float quaternion[4], certain = 0;
    bridge_rotation_of_gaze(gaze, quaternion);
    bridge_rotation_matrix(quaternion, rotation);
    for (int axis = 0; axis < 3; axis++) { // opposite to ours, in which an eye looks along minus z
        pupil[axis] = ball[axis] + (float)(depth * rotation[axis][2]);
    }
    project(view, pupil, measured->points[PUPILS + eye]);
    for (int i = 36 + 6 * eye; i < 42 + 6 * eye; i++) {
        certain += measured->confidence[i] / 6;
    }
    measured->confidence[PUPILS + eye] = certain;
}

//   gaze  of the eye; NULL: straight ahead
static void lift_eye(const struct view *view, struct measured *measured, int eye, const float *gaze)
{
    const float *outer = measured->points_3d[36 + 6 * eye];
    const float *inner = measured->points_3d[39 + 6 * eye];
    double middle[3], square = 0;
    for (int axis = 0; axis < 3; axis++) {
        middle[axis] = ((double)outer[axis] + inner[axis]) / 2;
        square += ((double)outer[axis] - inner[axis]) * ((double)outer[axis] - inner[axis]);
    }
    lift(view, measured->points[PUPILS + eye], middle, measured->points_3d[PUPILS + eye]);
    float *ball = measured->points_3d[EYEBALLS + eye], *pupil = measured->points_3d[PUPILS + eye];
    const double depth = EYEBALL_DEPTH * sqrt(square);
    memcpy(ball, pupil, sizeof measured->points_3d[0]);
    ball[2] -= (float)depth;
    if (gaze != NULL) {
        turn_pupil(view, measured, eye, gaze, depth);
    }
}

static bool measure_3d(const struct mocap_face *face, const struct mocap_gaze *gaze, int width,
                       int height, struct measured *measured)
{
    double rotation[3][3], scale, nose[2];
    bridge_rotation_matrix(face->pose->rotation, rotation);
    if (width <= 0 || height <= 0 || !fit(face, rotation, &scale, nose)) {
        return false;
    }
    struct view view = { .width = width, .height = height };
    for (int j = 0; j < 3; j++) {
        view.turned[0][j] = rotation[1][j];
        view.turned[1][j] = rotation[0][j];
        view.turned[2][j] = -rotation[2][j];
    }
    // A head behind the camera: its depth is negative.
    unproject(&view, nose, -width / scale, view.translation);
    for (int i = 0; i < PUPILS; i++) {
        double ours[3];
        reference(landmark_of(i), ours);
        const double guess[3] = { -ours[0], -ours[1], -ours[2] };
        lift(&view, measured->points[i], guess, measured->points_3d[i]);
    }
    lift_eye(&view, measured, 0, gaze != NULL ? gaze->right : NULL);
    lift_eye(&view, measured, 1, gaze != NULL ? gaze->left : NULL);
    memcpy(measured->turned, view.turned, sizeof view.turned);
    memcpy(measured->translation, view.translation, sizeof view.translation);
    // Over both axes, as OpenSeeFace has it.
    measured->error = (float)(face->pose->error * scale / sqrt(2));
    return true;
}

// ---- writing

struct writer {
    unsigned char *bytes;
    size_t used;
};

static void put_u32(struct writer *writer, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        writer->bytes[writer->used++] = (unsigned char)(value >> (8 * i));
    }
}

static void put_float(struct writer *writer, double value)
{
    const float narrow = (float)value;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    put_u32(writer, bits);
}

static void put_double(struct writer *writer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u32(writer, (uint32_t)bits);
    put_u32(writer, (uint32_t)(bits >> 32));
}

static void put_floats(struct writer *writer, const float *values, int count)
{
    for (int i = 0; i < count; i++) {
        put_float(writer, values[i]);
    }
}

static void put_pose(struct writer *writer, struct measured *measured)
{
    float quaternion[4] = { 0, 0, 0, 1 }, angles[3] = { 0 };
    if (measured->has_3d) {
        bridge_rotation_transposed_quaternion(measured->turned, quaternion);
        bridge_rotation_angles(measured->turned, angles);
    }
    put_floats(writer, quaternion, 4);
    put_floats(writer, angles, 3);
    for (int i = 0; i < 3; i++) {
        put_float(writer, measured->translation[i]);
    }
}

static void put_points(struct writer *writer, const struct measured *measured)
{
    put_floats(writer, measured->confidence, POINTS);
    for (int i = 0; i < POINTS; i++) {
        put_float(writer, measured->points[i][0]);
        put_float(writer, measured->points[i][1]);
    }
    for (int i = 0; i < POINTS_3D; i++) {
        put_float(writer, measured->points_3d[i][0]);
        put_float(writer, -measured->points_3d[i][1]);
        put_float(writer, -measured->points_3d[i][2]);
    }
}

static void put_face(struct writer *writer, const struct mocap_record *record,
                     const struct mocap_face *face, int number, double unix_s,
                     struct bridge_features *features)
{
    struct measured measured = { 0 };
    float values[BRIDGE_FEATURE_COUNT] = { 0 };
    take_points(face, &measured);
    const struct mocap_gaze *gaze =
        record->more != NULL ? record->more[face - record->faces]->gaze : NULL;
    measured.has_3d =
        face->pose != NULL && measure_3d(face, gaze, record->width, record->height, &measured);
    if (measured.has_3d) {
        bridge_features_update(features, measured.points_3d, values);
    }
    put_double(writer, unix_s);
    put_u32(writer, (uint32_t)number);
    put_float(writer, record->width);
    put_float(writer, record->height);
    put_float(writer, face->shapes != NULL ? 1 - face->shapes[MOCAP_EYE_BLINK_RIGHT] : 1);
    put_float(writer, face->shapes != NULL ? 1 - face->shapes[MOCAP_EYE_BLINK_LEFT] : 1);
    writer->bytes[writer->used++] = measured.has_3d;
    put_float(writer, measured.error);
    put_pose(writer, &measured);
    put_points(writer, &measured);
    put_floats(writer, values, BRIDGE_FEATURE_COUNT);
}

// ---- faces

static const struct mocap_face *find_face(const struct mocap_record *record, int id)
{
    for (int i = 0; i < record->face_count; i++) {
        if (record->faces[i].id == id && record->faces[i].keypoint_count == FACE68_POINTS &&
            record->faces[i].keypoints != NULL) {
            return &record->faces[i];
        }
    }
    return NULL;
}

size_t bridge_osf_write(struct bridge_osf *osf, const struct mocap_record *record,
                        const struct bridge_face_numbers *numbers, int only_id, double unix_s,
                        unsigned char bytes[BRIDGE_OSF_BYTES_MAX])
{
    struct writer writer = { .bytes = bytes };
    if (record->lost != MOCAP_LOST_NONE) {
        return 0; // the faces are those of an earlier frame
    }
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        const int id = numbers->ids[i];
        const struct mocap_face *face = id != 0 ? find_face(record, id) : NULL;
        if (face != NULL && (only_id == 0 || id == only_id)) {
            put_face(&writer, record, face, only_id == 0 ? i : 0, unix_s, &osf->features[i]);
            assert(writer.used % BRIDGE_OSF_FACE_BYTES == 0);
        }
    }
    return writer.used;
}

static void write(const struct bridge_output_target *target, const struct bridge_view *view,
                  struct bridge_packets *packets)
{
    unsigned char bytes[BRIDGE_OSF_BYTES_MAX];
    const int only_id = target->settings->face != 0 && view->face != NULL ? view->face->id : 0;
    if (view->record == NULL || (target->settings->face != 0 && view->face == NULL)) {
        return;
    }
    const size_t size =
        bridge_osf_write(target->state, view->record, view->numbers, only_id, view->unix_s, bytes);
    if (size > 0) {
        memcpy(bridge_packets_add(packets, size), bytes, size);
    }
}

const struct bridge_output bridge_output_osf = {
    .name = "osf",
    .title = "OpenSeeFace",
    .port = "11573",
    .state_bytes = sizeof(struct bridge_osf),
    .write = write,
};
