// Plain OSC for everything else (docs/bridges.md has the tree): values as the record has them.
#include <stdio.h>

#include "tools/bridge/osc_bundle.h"
#include "tools/bridge/output.h"

static void add_face(struct bridge_osc *osc, const struct bridge_view *view)
{
    const struct mocap_face *face = view->face;
    const int32_t number = bridge_face_number(view->numbers, face->id) + 1;
    bridge_osc_integers(osc, "/mocap/face", &number, 1);
    if (face->pose != NULL) {
        bridge_osc_floats(osc, "/mocap/head/rotation", face->pose->rotation, 4);
        bridge_osc_floats(osc, "/mocap/head/euler", face->pose->euler, 3);
        bridge_osc_floats(osc, "/mocap/head/translation", face->pose->translation, 3);
    }
    if (view->gaze != NULL) {
        bridge_osc_floats(osc, "/mocap/gaze/left", view->gaze->left, 2);
        bridge_osc_floats(osc, "/mocap/gaze/right", view->gaze->right, 2);
    }
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        char path[64];
        snprintf(path, sizeof path, "/mocap/shape/%s", mocap_shape_name(i));
        bridge_osc_floats(osc, path, &face->shapes[i], 1);
    }
}

static void write(const struct bridge_output_target *target, const struct bridge_view *view,
                  struct bridge_packets *packets)
{
    const int32_t is_tracked = view->is_tracked;
    struct bridge_osc osc;
    (void)target;
    bridge_osc_begin(&osc, packets, packets->limit);
    bridge_osc_integers(&osc, "/mocap/tracking", &is_tracked, 1);
    if (view->record != NULL) {
        const float pts = (float)view->record->pts;
        bridge_osc_floats(&osc, "/mocap/pts", &pts, 1);
    }
    if (view->face != NULL) {
        add_face(&osc, view);
    }
    bridge_osc_end(&osc);
}

const struct bridge_output bridge_output_osc = {
    .name = "osc",
    .title = "plain OSC",
    .port = "8000",
    .write = write,
};
