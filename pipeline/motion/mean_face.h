// The mean 3-D face: where the 68 landmarks of an average, neutral head are. It
// was fitted to photographs (tools/fit_mean_face.py), and is symmetric.
//
// The unit is the width of the face, from landmark 0 to landmark 16: about 14 cm.
// The axes are the head's own: the origin midway between the outer corners of the
// eyes, x to the person's left (the right of a frame in which the person looks
// at the camera), y down, z into the head.
#pragma once

enum { PIPELINE_MEAN_FACE_POINTS = 68 };

struct pipeline_mean_point {
    float x, y, z;
    float deviation; // of faces from the mean, seen from in front; standard
};

extern const struct pipeline_mean_point pipeline_mean_face[PIPELINE_MEAN_FACE_POINTS];
