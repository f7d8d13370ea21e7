#include "pipeline/tracker.h"

#include <math.h>

// What a scan takes for a face, and what is still one while it is followed.
static const float found_score = 0.80f;
static const float seen_score = 0.65f;
static const float promising_score = 0.25f; // worth a closer look

enum {
    SCAN_LEVELS = 5,     // sizes of squares, each 0.65 times the one before
    LOOKS_PER_FRAME = 8, // of a scan; refining may add REFINEMENTS for each
    REFINEMENTS = 2,
};

static const float level_factor = 0.65f;

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

// The square in which to look for the same face again.
static struct pipeline_square square_around(const struct pipeline_tracker *tracker,
                                            const struct mc_keypoint *keypoints)
{
    float box[4];
    pipeline_keypoints_box(keypoints, tracker->keypoint_count, box);
    float side = tracker->margin * fmaxf(box[2], box[3]);
    return (struct pipeline_square){ box[0] + (box[2] - side) / 2, box[1] + (box[3] - side) / 2,
                                     side };
}

// A face whose middle left the picture is gone.
static bool is_inside(const struct pipeline_square *square, int width, int height)
{
    float x = square->x + square->side / 2, y = square->y + square->side / 2;
    return x >= 0 && y >= 0 && x < (float)width && y < (float)height;
}

// How many squares of a side it takes to cover an edge, each half over the next.
static int steps_over(float edge, float side)
{
    return edge <= side ? 1 : (int)ceilf((edge - side) / (side / 2)) + 1;
}

// Square number index of the scan: level after level from large to small, each
// row by row. False past the last.
static bool scan_square(int index, int width, int height, struct pipeline_square *square)
{
    float side = fminf((float)width, (float)height);
    for (int level = 0; level < SCAN_LEVELS; level++, side *= level_factor) {
        int across = steps_over((float)width, side), down = steps_over((float)height, side);
        if (index < across * down) {
            float room_x = (float)width - side, room_y = (float)height - side;
            int column = index % across, row = index / across;
            square->x = across > 1 ? room_x * (float)column / (float)(across - 1) : room_x / 2;
            square->y = down > 1 ? room_y * (float)row / (float)(down - 1) : room_y / 2;
            square->side = side;
            return true;
        }
        index -= across * down;
    }
    return false;
}

// Looks at the square, then closer at what it showed. Leaves in sight what was
// seen last.
static float look_closer(const struct pipeline_tracker *tracker, struct pipeline_square square,
                         int width, int height, pipeline_look_fn *look, void *user,
                         struct mc_keypoint *keypoints)
{
    float score = look(user, &square, keypoints);
    for (int i = 0; i < REFINEMENTS && score >= promising_score; i++) {
        square = square_around(tracker, keypoints);
        if (!is_inside(&square, width, height)) {
            return -1;
        }
        score = look(user, &square, keypoints);
    }
    return score;
}

static bool scan(struct pipeline_tracker *tracker, int width, int height, pipeline_look_fn *look,
                 void *user, struct pipeline_sight *sight)
{
    for (int i = 0; i < LOOKS_PER_FRAME; i++) {
        struct pipeline_square square;
        if (!scan_square(tracker->scan_index, width, height, &square)) {
            tracker->scan_index = 0;
            return false;
        }
        tracker->scan_index++;
        sight->score = look_closer(tracker, square, width, height, look, user, sight->keypoints);
        if (sight->score >= found_score) {
            tracker->scan_index = 0;
            return true;
        }
    }
    return false;
}

void pipeline_tracker_run(struct pipeline_tracker *tracker, int width, int height,
                          pipeline_look_fn *look, void *user, struct pipeline_sight *sight)
{
    sight->fresh = !tracker->following;
    if (tracker->following) {
        sight->score = look(user, &tracker->square, sight->keypoints);
        sight->seen = sight->score >= seen_score;
    } else {
        sight->seen = scan(tracker, width, height, look, user, sight);
    }
    if (sight->seen) {
        tracker->square = square_around(tracker, sight->keypoints);
    }
    tracker->following = sight->seen && is_inside(&tracker->square, width, height);
}

void pipeline_tracker_look_at(const struct pipeline_square *square, pipeline_look_fn *look,
                              void *user, struct pipeline_sight *sight)
{
    sight->score = look(user, square, sight->keypoints);
    sight->seen = sight->score >= seen_score;
    sight->fresh = false;
}
