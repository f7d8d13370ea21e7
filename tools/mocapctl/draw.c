#include "tools/mocapctl/draw.h"

#include <math.h>
#include <stdbool.h>

#include "pipeline/motion/gaze.h"
#include "pipeline/motion/pose.h"
#include "protocol/point_set.h"
#include "protocol/record.h"
#include "tools/face68.h"

static const float hidden_most = 0.1f; // confidence of a dense point that is not to be seen

// Blends the colour over a pixel; cover is 0 to 1.
static void blend(const struct mocapctl_canvas *canvas, int x, int y, float cover,
                  struct mocapctl_colour colour)
{
    uint8_t *pixel = canvas->rgb + (size_t)y * canvas->row_bytes + (size_t)x * 3;
    const uint8_t over[3] = { colour.red, colour.green, colour.blue };
    for (int c = 0; c < 3; c++) {
        pixel[c] = (uint8_t)lrintf((float)pixel[c] + cover * ((float)over[c] - (float)pixel[c]));
    }
}

static int clamp(float value, int most)
{
    return value < 0 ? 0 : value > (float)most ? most : (int)value;
}

// Everything within half a width of the segment: edges are soft by one pixel.
void mocapctl_draw_line(const struct mocapctl_canvas *canvas, float x0, float y0, float x1,
                        float y1, float width, struct mocapctl_colour colour)
{
    if (!isfinite(x0) || !isfinite(y0) || !isfinite(x1) || !isfinite(y1)) {
        return;
    }
    const float half = width / 2, dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy;
    const int left = clamp(fminf(x0, x1) - half - 1, canvas->width);
    const int right = clamp(fmaxf(x0, x1) + half + 2, canvas->width);
    const int top = clamp(fminf(y0, y1) - half - 1, canvas->height);
    const int bottom = clamp(fmaxf(y0, y1) + half + 2, canvas->height);
    for (int y = top; y < bottom; y++) {
        for (int x = left; x < right; x++) {
            float px = (float)x + 0.5f - x0, py = (float)y + 0.5f - y0;
            float along = length2 > 0 ? (px * dx + py * dy) / length2 : 0;
            along = fmaxf(0, fminf(1, along));
            float cover = half + 0.5f - hypotf(px - along * dx, py - along * dy);
            if (cover > 0) {
                blend(canvas, x, y, fminf(1, cover), colour);
            }
        }
    }
}

void mocapctl_draw_disc(const struct mocapctl_canvas *canvas, float x, float y, float radius,
                        struct mocapctl_colour colour)
{
    mocapctl_draw_line(canvas, x, y, x, y, 2 * radius, colour);
}

static void draw_box(const struct mocapctl_canvas *canvas, const float box[4], float width)
{
    const struct mocapctl_colour grey = { 200, 200, 200 };
    const float right = box[0] + box[2], bottom = box[1] + box[3];
    mocapctl_draw_line(canvas, box[0], box[1], right, box[1], width, grey);
    mocapctl_draw_line(canvas, right, box[1], right, bottom, width, grey);
    mocapctl_draw_line(canvas, right, bottom, box[0], bottom, width, grey);
    mocapctl_draw_line(canvas, box[0], bottom, box[0], box[1], width, grey);
}

static void draw_contours(const struct mocapctl_canvas *canvas, const struct mc_keypoint *keypoints,
                          float width)
{
    const struct mocapctl_colour blue = { 90, 190, 255 };
    for (int i = 0; i < TOOLS_FACE68_CONTOURS; i++) {
        const struct tools_face68_contour *contour = &tools_face68_contours[i];
        for (int j = contour->first; j <= contour->last; j++) {
            int next = j < contour->last ? j + 1 : contour->first;
            if (j < contour->last || contour->closed) {
                mocapctl_draw_line(canvas, keypoints[j].x, keypoints[j].y, keypoints[next].x,
                                   keypoints[next].y, width, blue);
            }
        }
    }
}

static struct mocapctl_colour confidence_colour(float confidence)
{
    float sure = fmaxf(0, fminf(1, confidence));
    return (struct mocapctl_colour){ (uint8_t)(255 * fminf(1, 2 - 2 * sure)),
                                     (uint8_t)(255 * fminf(1, 2 * sure)), 40 };
}

static void draw_face(const struct mocapctl_canvas *canvas, const struct protocol_face *face)
{
    const float size = fmaxf(face->box[2], face->box[3]);
    const float width = fmaxf(1, size / 250);
    draw_box(canvas, face->box, width);
    if (face->keypoint_count == TOOLS_FACE68_COUNT) {
        draw_contours(canvas, face->keypoints, width);
    }
    for (int i = 0; i < face->keypoint_count; i++) {
        mocapctl_draw_disc(canvas, face->keypoints[i].x, face->keypoints[i].y, 1.4f * width,
                           confidence_colour(face->keypoints[i].c));
    }
}

void mocapctl_draw_record(const struct mocapctl_canvas *canvas,
                          const struct protocol_record *record)
{
    for (int i = 0; i < record->face_count; i++) {
        draw_face(canvas, &record->faces[i]);
    }
}

static void draw_axes(const struct mocapctl_canvas *canvas, const struct protocol_pose *pose,
                      const struct pipeline_camera *camera)
{
    static const struct mocapctl_colour colours[3] = { { 240, 60, 60 },
                                                       { 60, 210, 60 },
                                                       { 70, 110, 255 } };
    static const float lengths[3] = { 0.5f, 0.5f, -0.5f }; // widths of the face
    const float *t = pose->translation;
    float m[3][3];
    pipeline_pose_matrix(pose, m);
    if (!(t[2] > 0.6f)) {
        return; // an axis might reach behind the camera
    }
    const float x = camera->x + camera->focal * t[0] / t[2];
    const float y = camera->y + camera->focal * t[1] / t[2];
    const float width = fmaxf(1.5f, camera->focal / t[2] / 50);
    for (int k = 0; k < 3; k++) {
        const float z = t[2] + lengths[k] * m[2][k];
        mocapctl_draw_line(
            canvas, x, y, camera->x + camera->focal * (t[0] + lengths[k] * m[0][k]) / z,
            camera->y + camera->focal * (t[1] + lengths[k] * m[1][k]) / z, width, colours[k]);
    }
}

void mocapctl_draw_poses(const struct mocapctl_canvas *canvas, const struct protocol_record *record)
{
    for (int i = 0; i < record->face_count; i++) {
        const struct protocol_face *face = &record->faces[i];
        if (face->has_pose) {
            const struct pipeline_camera camera = pipeline_camera_of_pose(
                canvas->width, canvas->height, face->keypoints, &face->pose);
            draw_axes(canvas, &face->pose, &camera);
        }
    }
}

// A point of the head as the camera sees it. False behind the camera, or nearly.
static bool project(const struct protocol_pose *pose, const struct pipeline_camera *camera,
                    const float point[3], float *x, float *y)
{
    float m[3][3], seen[3];
    pipeline_pose_matrix(pose, m);
    for (int k = 0; k < 3; k++) {
        seen[k] =
            pose->translation[k] + m[k][0] * point[0] + m[k][1] * point[1] + m[k][2] * point[2];
    }
    *x = camera->x + camera->focal * seen[0] / seen[2];
    *y = camera->y + camera->focal * seen[1] / seen[2];
    return seen[2] > 0.1f;
}

static void draw_gaze(const struct mocapctl_canvas *canvas, const struct protocol_face *face,
                      const struct pipeline_camera *camera)
{
    static const struct mocapctl_colour yellow = { 255, 220, 40 };
    static const float from = 0.085f, to = 0.585f; // an eyeball's radius, and half a face more
    const float width = fmaxf(1.5f, fmaxf(face->box[2], face->box[3]) / 80);
    for (int eye = 0; eye < 2; eye++) {
        float begin[3], direction[3], near[3], far[3], x0, y0, x1, y1;
        pipeline_gaze_line(&face->gaze, eye, begin, direction);
        for (int k = 0; k < 3; k++) {
            near[k] = begin[k] + from * direction[k];
            far[k] = begin[k] + to * direction[k];
        }
        if (project(&face->pose, camera, near, &x0, &y0) &&
            project(&face->pose, camera, far, &x1, &y1)) {
            mocapctl_draw_line(canvas, x0, y0, x1, y1, width, yellow);
        }
    }
}

void mocapctl_draw_gazes(const struct mocapctl_canvas *canvas, const struct protocol_record *record)
{
    for (int i = 0; i < record->face_count; i++) {
        const struct protocol_face *face = &record->faces[i];
        if (face->has_gaze && face->has_pose) {
            const struct pipeline_camera camera = pipeline_camera_of_pose(
                canvas->width, canvas->height, face->keypoints, &face->pose);
            draw_gaze(canvas, face, &camera);
        }
    }
}

static void draw_group(const struct mocapctl_canvas *canvas, const struct mc_keypoint *dense,
                       const int *points, int count, bool closed, float width)
{
    static const struct mocapctl_colour violet = { 210, 130, 255 };
    for (int i = 0; i < count; i++) {
        const struct mc_keypoint *a = &dense[points[i]], *b = &dense[points[(i + 1) % count]];
        if ((i + 1 < count || closed) && a->c > hidden_most && b->c > hidden_most) {
            mocapctl_draw_line(canvas, a->x, a->y, b->x, b->y, width, violet);
        }
    }
}

void mocapctl_draw_dense(const struct mocapctl_canvas *canvas, const struct protocol_record *record,
                         const struct protocol_point_set *set)
{
    static const struct mocapctl_colour white = { 255, 255, 255 };
    for (int i = 0; i < record->face_count; i++) {
        const struct protocol_face *face = &record->faces[i];
        const float width = fmaxf(0.8f, fmaxf(face->box[2], face->box[3]) / 300);
        for (int k = 0; k < set->group_count && face->dense_count == set->count; k++) {
            const struct protocol_point_group *group = &set->groups[k];
            draw_group(canvas, face->dense, set->points + group->first, group->count, group->closed,
                       width);
        }
        for (int k = 0; k < face->dense_count; k++) {
            if (face->dense[k].c > hidden_most) {
                mocapctl_draw_disc(canvas, face->dense[k].x, face->dense[k].y, width, white);
            }
        }
    }
}
