#include "pipeline/tracker.h"

#include <math.h>

// Scores of faces that are followed are above, and of everything else below.
static const float seen_score = 0.5f;

enum { LOOKS_PER_FRAME = 8 };

void pipeline_tracker_init(struct pipeline_tracker *tracker, int keypoint_count, float margin)
{
    *tracker = (struct pipeline_tracker){ .keypoint_count = keypoint_count, .margin = margin };
}

void pipeline_keypoints_box(const struct mc_keypoint *keypoints, int count, float box[4])
{
    float left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    for (int i = 0; i < count; i++) {
        left = fminf(left, keypoints[i].x);
        right = fmaxf(right, keypoints[i].x);
        top = fminf(top, keypoints[i].y);
        bottom = fmaxf(bottom, keypoints[i].y);
    }
    box[0] = left;
    box[1] = top;
    box[2] = right - left;
    box[3] = bottom - top;
}

void pipeline_tracker_look_at(const struct pipeline_square *square, pipeline_look_fn *look,
                              void *user, struct pipeline_sight *sight)
{
    sight->score = look(user, square, sight->keypoints);
    sight->seen = sight->score >= seen_score;
    sight->fresh = false;
}
