// iFacialMocap's datagrams of text (ifacialmocap.com/for-developer), version 1: names with values
// from 0 to 100, then degrees and metres in Unity's axes, which vmc.c explains.
//
//     browInnerUp-12|...|eyeBlink_L-100|...|=head#pitch,yaw,roll,x,y,z|rightEye#p,y,r|leftEye#p,y,r|
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/bridge/output.h"
#include "tools/face_width.h"

static const double FACE_M = TOOLS_FACE_WIDTH_CM / 100.0;

enum { TEXT_BYTES = 4096 }; // 52 names and numbers take some 1,100

struct text {
    char bytes[TEXT_BYTES];
    size_t used;
};

MC_PRINTF(2, 3) static void put(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length =
        vsnprintf(text->bytes + text->used, sizeof text->bytes - text->used, format, arguments);
    va_end(arguments);
    text->used += (size_t)length;
}

// eyeBlink_L for eyeBlinkLeft; but jawLeft and mouthLeft are no halves of a pair.
static void put_name(struct text *text, enum mocap_shape shape)
{
    const char *name = mocap_shape_name(shape);
    const size_t length = strlen(name);
    const bool is_whole = shape == MOCAP_JAW_LEFT || shape == MOCAP_JAW_RIGHT ||
                          shape == MOCAP_MOUTH_LEFT || shape == MOCAP_MOUTH_RIGHT;
    if (!is_whole && length > 4 && strcmp(name + length - 4, "Left") == 0) {
        put(text, "%.*s_L", (int)(length - 4), name);
    } else if (!is_whole && length > 5 && strcmp(name + length - 5, "Right") == 0) {
        put(text, "%.*s_R", (int)(length - 5), name);
    } else {
        put(text, "%s", name);
    }
}

static void put_head(struct text *text, const struct mocap_pose *pose)
{
    static const struct mocap_pose rest;
    pose = pose != NULL ? pose : &rest;
    put(text, "=head#%.4f,%.4f,%.4f,%.5f,%.5f,%.5f|", (double)pose->euler[0],
        (double)pose->euler[1], (double)pose->euler[2], -FACE_M * (double)pose->translation[0],
        -FACE_M * (double)pose->translation[1], -FACE_M * (double)pose->translation[2]);
}

static void write(const struct bridge_output_target *target, const struct bridge_view *view,
                  struct bridge_packets *packets)
{
    static const struct mocap_gaze ahead;
    const struct mocap_gaze *gaze = view->gaze != NULL ? view->gaze : &ahead;
    struct text text = { .used = 0 };
    (void)target;
    if (view->face == NULL) {
        return; // receivers notice the silence
    }
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        put_name(&text, i);
        put(&text, "-%ld|", lroundf(100 * view->face->shapes[i]));
    }
    put_head(&text, view->face->pose);
    put(&text, "rightEye#%.4f,%.4f,0|leftEye#%.4f,%.4f,0|", (double)gaze->right[1],
        (double)gaze->right[0], (double)gaze->left[1], (double)gaze->left[0]);
    memcpy(bridge_packets_add(packets, text.used), text.bytes, text.used);
}

const struct bridge_output bridge_output_ifacialmocap = {
    .name = "ifacialmocap",
    .title = "iFacialMocap's datagrams",
    .port = "49983",
    .write = write,
};
