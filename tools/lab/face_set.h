// Labelled images of faces, to measure a model's error on.
//
// A folder with labels.json, an array of {"file": "a.jpg", "points": [[x, y], …]},
// the points in pixels; the corner of the first pixel is 0, 0. Where entries have a
// "split", only those of "val" are used.
#pragma once

#include "base/error.h"
#include "base/keypoint.h"

struct nn_model;
struct AVFrame;

enum { LAB_FACE_POINTS_MAX = 128 };

struct lab_face {
    char *file; // path; owned
    int point_count;
    float (*points)[2]; // owned
};

struct lab_face_set {
    struct lab_face *faces; // owned
    int count;
};

// Reads the labels, at most `most` of them, evenly spread; free with
// lab_face_set_finish. False and err on failure.
bool lab_face_set_load(struct lab_face_set *set, const char *folder, int most,
                       struct mc_error *err) MC_MUST_USE;
void lab_face_set_finish(struct lab_face_set *set);
