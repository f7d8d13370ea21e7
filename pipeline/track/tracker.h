// The tracker: finds faces, then follows them.
//
// The locator finds faces in the whole frame. From then on the landmark network is its
// own tracker: the next region of interest follows from the last landmarks, and now and
// then, or when these are uncertain, the locator says whether that is still a face. So no
// track begins, and none lasts, without the locator; and the landmark network's scores
// count only against the average of the same face.
//
// A head may lie on its side or be upside down. The frame is searched upright and, while
// that finds nobody, also turned by 90, 180 and 270 degrees, one turn in a frame. The
// landmark network recognises faces the right way up, but now and then sees one in a face
// that is not. So a new track takes the angle at which landmarks score best, and a track
// whose score drops is compared with the other angles.
//
// Where the source was closed for over PIPELINE_SAME_FACE_S between two frames, nobody is known any
// more.
//
// While faces are followed, the next regions depend on the last results. So one frame is
// processed at a time, and results depend on the frames alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/display_transform.h"
#include "pipeline/track/frame_view.h"
#include "pipeline/track/location.h"
#include "pipeline/track/scaler.h"

enum { PIPELINE_FACES_MAX = 4 };

struct pipeline_tracker_options {
    int keypoint_count;
    int dense_count; // of points behind the keypoints
    float margin;    // edge of a region over the longer edge of the keypoints' box
    int max_faces;   // 1 to PIPELINE_FACES_MAX
    bool has_ibug68; // so the keypoints tell where the eyes are, and regions turn with the head
};

struct pipeline_track {
    int id;
    struct pipeline_roi roi;           // in the next frame
    struct pipeline_location location; // when it was last confirmed
    float average_score;               // of its landmarks
    uint64_t unchecked;                // frames since the locator saw it
    int misses;                        // 0: none; lost at MISSES_MAX (tracker.c)
    uint64_t dropped;                  // frames since its score dropped below the average
    bool is_due;                       // the locator should look at it
};

// A lost face keeps its id for a while.
struct pipeline_lost_face {
    int id; // 0: none
    struct pipeline_location location;
    double pts; // of the frame in which it was lost
};

// What a search comes to next; all zeros: its start.
struct pipeline_search {
    int wait;         // frames until then
    int index;        // of pipeline_locator_view
    int turn;         // of the region
    bool is_complete; // all regions were searched at least once
};

struct pipeline_tracker {
    struct pipeline_tracker_options options;
    struct pipeline_display_transform display; // of the last frame
    double pts;                                // likewise
    unsigned session;                          // likewise
    struct pipeline_track tracks[PIPELINE_FACES_MAX];
    int track_count;
    struct pipeline_lost_face lost[PIPELINE_FACES_MAX];
    int last_id;
    uint64_t idle; // frames without a track
    struct pipeline_search upright, turned;
};

// What was observed in one frame.
struct pipeline_observations {
    int count;
    struct pipeline_observation faces[PIPELINE_FACES_MAX];
};

void pipeline_tracker_init(struct pipeline_tracker *tracker,
                           const struct pipeline_tracker_options *options);

// Processes one frame: a bounded number of regions. The view's detectors must have a
// locator. Thread: worker, one at a time.
void pipeline_tracker_run(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                          struct pipeline_observations *observations);

// After each run, on the same frame: what its observations need not wait for. Now and then the
// locator checks a face that is followed, or looks for more; what it finds shows in the next frame.
// Thread: worker, one at a time.
void pipeline_tracker_look(struct pipeline_tracker *tracker, struct pipeline_frame_view *view);

// Observes one region that the user chose, without any state. A face in it that is not
// upright is observed turned.
//   needs_face  the locator must find a face in it
// Thread: worker, any number at a time.
void pipeline_tracker_observe_region(const struct pipeline_tracker_options *options,
                                     struct pipeline_frame_view *view,
                                     const struct pipeline_roi *roi, bool needs_face,
                                     struct pipeline_observations *observations);

// The id after last: 1 after INT_MAX.
int pipeline_tracker_next_id(int last);
