// Rendered heads and what is true of them, to measure expressions on: a folder of images with
// truth.json, which training/heads/stills.py writes and describes.
#pragma once

#include "base/error.h"
#include "protocol/record.h"

enum { LAB_HEADS_MAX = 4096, LAB_HEAD_NAME_BYTES = 32 };

enum lab_head_kind {
    LAB_HEAD_NEUTRAL,
    LAB_HEAD_SHAPE, // one shape, on one side or both
    LAB_HEAD_GAZE,  // a look
    LAB_HEAD_TURN,  // a turn of the head
};

// Shapes, gaze and euler are as in a record. Angles in degrees.
struct lab_head {
    char *file; // within the folder; owned
    int person;
    char name[LAB_HEAD_NAME_BYTES]; // of its case; printable
    enum lab_head_kind kind;
    float shapes[PROTOCOL_SHAPE_COUNT];
    float gaze[2][2]; // left, right eye: yaw, pitch
    float euler[3];   // pitch, yaw, roll
    int width, height;
    float fov;   // of the camera along the longer edge; 0: not known
    int neutral; // index of the person's neutral face
};

struct lab_head_set {
    char *folder;           // absolute path; owned
    struct lab_head *heads; // owned
    int count;
};

// Reads truth.json and checks it, but opens no image. Free with lab_head_set_finish. False and
// err, with the place and the reason, on failure.
bool lab_head_set_load(struct lab_head_set *set, const char *folder,
                       struct mc_error *err) MC_MUST_USE;
void lab_head_set_finish(struct lab_head_set *set);

// Whether a shape belongs to a case: "mouthSmileLeft" to "mouthSmileLeft" and "mouthSmile".
bool lab_head_owns(const char *name, enum protocol_shape shape);

// PROTOCOL_SHAPE_COUNT: no shape has this name.
enum protocol_shape lab_head_find_shape(const char *name);
