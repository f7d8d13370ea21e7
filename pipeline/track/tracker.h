// Where to look: finds faces, then follows them.
//
// A locator finds faces in the whole picture. From then on the landmark network
// is its own tracker: where to look next follows from the last landmarks, and now
// and then, or when these are doubtful, the locator says whether that is still a
// face. So no track begins, and none lasts, without the locator; and the landmark
// network's scores count only against what is usual for the same face.
//
// While faces are followed the next squares depend on the last results, so one
// frame is looked at after the other; results depend on the frames alone.
#pragma once

#include <stdbool.h>

#include "base/keypoint.h"
#include "nn/heads/detection.h"
#include "pipeline/source/display_transform.h"
#include "pipeline/track/locator.h"
#include "pipeline/track/scaler.h"

enum { PIPELINE_KEYPOINTS_MAX = 128, PIPELINE_FACES_MAX = 4 };

// What the landmark network says of a square.
struct pipeline_observation {
    int id;      // stays the same while the face is followed; 0 where none is
    float score; // negative: it can't look there at all
    struct mc_keypoint keypoints[PIPELINE_KEYPOINTS_MAX]; // displayed pixels
    float jacobians[PIPELINE_KEYPOINTS_MAX][4];           // row by row, of models that have them
};

// Looks at a square of the frame: fills all of the sighting but the id.
typedef void pipeline_observe_fn(void *user, const struct pipeline_roi *square,
                                 struct pipeline_observation *sighting);

// Finds faces of at least this share of the locator's own least score in a square
// of the frame; found has room for NN_DETECTIONS_MAX. Returns how many, the surest first.
typedef int pipeline_detect_fn(void *user, const struct pipeline_roi *square, float share,
                               struct pipeline_detection *found);

struct pipeline_detectors {
    pipeline_observe_fn *look;
    pipeline_detect_fn *locate;
    void *user;
};

struct pipeline_tracker_options {
    int keypoint_count;
    float margin;    // edge of the square over the larger edge of the keypoints' box
    int max_faces;   // 1 to PIPELINE_FACES_MAX
    bool has_ibug68; // so the keypoints tell where the eyes are, and squares turn with the head
};

// Where a face is: the middle and the larger edge of its keypoints' box, which is
// taken upright on the face.
struct pipeline_location {
    float x, y, size;
};

struct pipeline_track {
    int id;
    struct pipeline_roi square;     // where to look next
    struct pipeline_location place; // where it was when it was last believed
    float usual_score;              // of the landmarks
    int unchecked;                  // frames since the locator saw it
    int doubt;                      // 0: none; lost at DOUBT_MAX (tracker.c)
};

// A face that was lost keeps its number for a while.
struct pipeline_memory {
    int id; // 0: none
    struct pipeline_location place;
    int frames; // ago
};

struct pipeline_tracker {
    struct pipeline_tracker_options options;
    struct pipeline_display_transform display; // of the last frame
    struct pipeline_track tracks[PIPELINE_FACES_MAX];
    int track_count;
    struct pipeline_memory lost[PIPELINE_FACES_MAX];
    int last_id;
    int idle;       // frames since there was a track, or the search found nobody
    int wait;       // frames until the next search
    int view_index; // that the next search looks at
};

// What was seen in one frame.
struct pipeline_observations {
    int count;
    struct pipeline_observation faces[PIPELINE_FACES_MAX];
};

void pipeline_tracker_init(struct pipeline_tracker *tracker,
                           const struct pipeline_tracker_options *options);

// One frame, as it is displayed; when that changes, faces are searched anew. Looks at a
// bounded number of squares. Thread: worker, one at a time.
void pipeline_tracker_run(struct pipeline_tracker *tracker,
                          const struct pipeline_display_transform *display,
                          const struct pipeline_detectors *eyes,
                          struct pipeline_observations *sight);

// Looks at one square that the user chose; no state. With a locator, a face must
// be in it. Any number at a time.
void pipeline_tracker_look_at(const struct pipeline_roi *square,
                              const struct pipeline_detectors *eyes,
                              struct pipeline_observations *sight);
