// A synthetic scene for the tracker: faces of four corners, or 68 points, at known
// places. The landmarks' score tells how well the region fits; the locator sees the faces
// that are not hidden from it.
//
// A test that links this library gets its pipeline_frame_view_observe and
// pipeline_frame_view_detect, in place of those that run networks on pixels.
#pragma once

#include <stdbool.h>

#include "pipeline/track/tracker.h"

enum { WIDTH = 640, HEIGHT = 480, CORNERS = 4, POINTS = 68, ACTORS_MAX = 4 };
enum { FIRST_EYE = 36, SECOND_EYE = 42, MOUTH = 48 }; // of 68 points

#define SCENE_FRAME_S (1.0 / 30)

struct actor {
    float x, y, size; // middle and edge of its box
    float roll;       // radians, clockwise
    bool gone;        // neither network sees it
    bool unclear;     // the locator alone doesn't
    bool blurred;     // the landmarks' score is low, but the locator sees it
};

struct scene {
    struct pipeline_frame_view view; // first; scene_view fills it
    struct pipeline_display_transform display;
    struct actor actors[ACTORS_MAX];
    int count;
    double gap_s;            // before the next frame, beside its duration
    bool has_68;             // its faces; scene_run sets it
    int observes, detects;   // calls in the last frame
    int mistakes;            // the next observations have the face upside down
    bool detects_all_rolls;  // else the locator misses faces turned by more than 60 degrees
    float upside_down_score; // of a face that is upside down in its region; 0 is 0.63
    int strays; // observations, the very first left out, that see something beside the region
};

void scene_begin(struct pipeline_tracker *tracker, int max_faces); // faces of four corners
void scene_begin_68(struct pipeline_tracker *tracker);             // one face of 68 points

// The view of the scene's next frame, of that size, with no calls counted.
struct pipeline_frame_view *scene_view(struct scene *scene, int width, int height);

// Runs the tracker on one frame of the scene.
void scene_run(struct pipeline_tracker *tracker, struct scene *scene,
               struct pipeline_observations *observations);

// Frames until count faces are observed; fails when that takes too long.
int scene_frames_until(struct pipeline_tracker *tracker, struct scene *scene,
                       struct pipeline_observations *observations, int count);
