#include "tools/synthface/synthface.h"

#include <stdlib.h>

#include "tools/synthface/parts.h"

struct synthface {
    struct person person;
    struct raster raster; // owns its samples
    struct patch patch;
    int width, height;
    bool still;
};

struct synthface *synthface_create(uint32_t seed, int width, int height, bool still,
                                   struct mc_error *err)
{
    if (width < SYNTHFACE_EDGE_MIN || height < SYNTHFACE_EDGE_MIN || width > SYNTHFACE_EDGE_MAX ||
        height > SYNTHFACE_EDGE_MAX) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                     "frame size must have edges from %d to %d, got %dx%d", SYNTHFACE_EDGE_MIN,
                     SYNTHFACE_EDGE_MAX, width, height);
        return NULL;
    }
    struct synthface *face = calloc(1, sizeof *face);
    if (face == NULL || !raster_init(&face->raster, width, height)) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a frame of %dx%d", width, height);
        synthface_destroy(face);
        return NULL;
    }
    face->person = person_make(seed);
    face->width = width;
    face->height = height;
    face->still = still;
    return face;
}

void synthface_destroy(struct synthface *face)
{
    if (face == NULL) {
        return;
    }
    raster_finish(&face->raster);
    free(face);
}

static struct view place(const struct synthface *face, const struct motion *m, float follow)
{
    const float edge = (float)(face->width < face->height ? face->width : face->height);
    const struct vec3 neck = { 0, 0.75f, -0.25f };
    struct view view = view_make(m->yaw * follow, m->pitch * follow, m->roll * follow, neck,
                                 (struct vec3){ m->x, m->y, m->nearness });
    view.scale = 0.225f * edge;
    view.x = 0.5f * (float)face->width;
    view.y = 0.5f * (float)face->height - 0.15f * view.scale;
    return view;
}

// Head space has z towards the viewer, records have it away.
static void describe_view(const struct view *view, struct synthface_truth *truth)
{
    for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 3; column++) {
            const float sign = (row == 2) != (column == 2) ? -1 : 1;
            truth->rotation[row][column] = sign * view->turn[row][column];
        }
    }
    truth->focal = view_focal(view);
    truth->middle[0] = view->x;
    truth->middle[1] = view->y;
}

void synthface_render(struct synthface *face, unsigned frame, double fps, uint8_t *rgb,
                      struct synthface_truth *truth)
{
    const struct motion motion =
        face->still ? motion_still() : motion_at((double)frame / fps, face->person.phase);
    struct vec3 landmarks[HEAD_LANDMARKS];
    head_landmarks(&face->person.shape, &motion, landmarks);
    struct painter painter = {
        .person = &face->person,
        .motion = &motion,
        .landmarks = landmarks,
        .patch = &face->patch,
        .raster = &face->raster,
        .head = place(face, &motion, 1),
        .body = place(face, &motion, 0.15f),
    };
    raster_clear(&face->raster, face->person.wall_top, face->person.wall_bottom);
    paint_body(&painter);
    paint_skull(&painter);
    paint_face(&painter);
    raster_resolve(&face->raster, rgb, (size_t)face->width * 3);
    *truth = (struct synthface_truth){
        .yaw = motion.yaw,
        .pitch = motion.pitch,
        .roll = motion.roll,
        .eye_open = { motion.eye_open[0], motion.eye_open[1] },
        .mouth_open = motion.mouth_open,
        .smile = motion.smile,
        .brow_raise = motion.brow_raise,
    };
    describe_view(&painter.head, truth);
    for (int i = 0; i < HEAD_LANDMARKS; i++) {
        view_project(&painter.head, view_apply(&painter.head, landmarks[i]), &truth->points[i][0],
                     &truth->points[i][1]);
    }
}
