// Eyes for a tracker, played: faces of four corners, or 68 points, at known places. The
// landmarks' score tells how well the square fits; the locator sees the faces that are
// not hidden from it.
#pragma once

#include <stdbool.h>

#include "pipeline/track/tracker.h"

enum { WIDTH = 640, HEIGHT = 480, CORNERS = 4, POINTS = 68, ACTORS_MAX = 4 };
enum { FIRST_EYE = 36, SECOND_EYE = 42, MOUTH = 48 }; // of 68 points

struct actor {
    float x, y, size; // middle and edge of its box
    float roll;       // radians, clockwise
    bool gone;        // neither network sees it
    bool unclear;     // the locator alone doesn't
    bool blurred;     // the landmarks' score is low, but the locator sees it
};

struct scene {
    struct actor actors[ACTORS_MAX];
    int count;
    int looks, locates;
    int mistakes; // the next looks have the face turned over
    int strays;   // looks, the very first left out, that see something beside the square
};

void scene_begin(struct pipeline_tracker *tracker, int max_faces); // faces of four corners
void scene_begin_68(struct pipeline_tracker *tracker);             // one face of 68 points

struct pipeline_detectors scene_eyes(struct scene *scene, bool has_68);

// One frame.
void scene_run(struct pipeline_tracker *tracker, struct scene *scene,
               struct pipeline_observations *sight);

// Frames until so many faces are seen; fails where that takes too long.
int scene_frames_until_seen(struct pipeline_tracker *tracker, struct scene *scene,
                            struct pipeline_observations *sight, int count);
