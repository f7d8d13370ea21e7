// The mean 3-D face: where the 68 landmarks of an average, neutral head are, and how far those of
// others lie from there. Positions were fitted to photographs, and are symmetric; deviations were
// measured on photographs and on rendered heads (training/pose_deviations.py).
//
// The unit is the width of the face, from landmark 0 to landmark 16: about 14 cm.
// The axes are the head's own: the origin midway between the outer corners of the
// eyes, x to the person's left (the right of a frame in which the person looks
// at the camera), y down, z into the head.
#pragma once

enum {
    PIPELINE_MEAN_FACE_POINTS = 68,
    PIPELINE_MEAN_FACE_TURNED = 50, // degrees of yaw that hidden and shown are for
};

struct pipeline_mean_point {
    float x, y, z;
    // Standard deviations of observed landmarks from the mean face's, along an axis of the frame:
    // over people, expressions and the network's errors. Never below 0.03, so that no small group
    // of landmarks decides how a head is turned.
    float deviation;     // seen from in front
    float hidden, shown; // of a head turned until the landmark's side is away, or in view
};

extern const struct pipeline_mean_point pipeline_mean_face[PIPELINE_MEAN_FACE_POINTS];
