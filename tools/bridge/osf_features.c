#include "tools/bridge/osf_features.h"

#include <math.h>
#include <string.h>

// How far from the median each has to go to be a movement at all: in lengths of
// the nose up and down, in widths of the face to the sides.
static const float LEAST[BRIDGE_FEATURE_COUNT] = {
    [BRIDGE_FEATURE_EYE_LEFT] = 0.08f,
    [BRIDGE_FEATURE_EYE_RIGHT] = 0.08f,
    [BRIDGE_FEATURE_BROW_STEEPNESS_LEFT] = 0.1f, // a slope
    [BRIDGE_FEATURE_BROW_UP_LEFT] = 0.08f,
    [BRIDGE_FEATURE_BROW_QUIRK_LEFT] = 0.05f,
    [BRIDGE_FEATURE_BROW_STEEPNESS_RIGHT] = 0.1f,
    [BRIDGE_FEATURE_BROW_UP_RIGHT] = 0.08f,
    [BRIDGE_FEATURE_BROW_QUIRK_RIGHT] = 0.05f,
    [BRIDGE_FEATURE_CORNER_DOWN_LEFT] = 0.06f,
    [BRIDGE_FEATURE_CORNER_OUT_LEFT] = 0.02f,
    [BRIDGE_FEATURE_CORNER_DOWN_RIGHT] = 0.06f,
    [BRIDGE_FEATURE_CORNER_OUT_RIGHT] = 0.02f,
    [BRIDGE_FEATURE_MOUTH_OPEN] = 0.2f,
    [BRIDGE_FEATURE_MOUTH_WIDE] = 0.03f,
};

// Where in sorted value is, or would be: the first that is not less.
static int find(const struct bridge_feature_history *history, float value)
{
    int low = 0, high = history->count;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (history->sorted[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void add(struct bridge_feature_history *history, float value)
{
    float *sorted = history->sorted;
    if (history->count == BRIDGE_FEATURES_WINDOW) {
        const int gone = find(history, history->values[history->next]);
        history->count--;
        memmove(sorted + gone, sorted + gone + 1, (size_t)(history->count - gone) * sizeof *sorted);
    }
    const int place = find(history, value);
    memmove(sorted + place + 1, sorted + place, (size_t)(history->count - place) * sizeof *sorted);
    sorted[place] = value;
    history->count++;
    history->values[history->next] = value;
    history->next = (history->next + 1) % BRIDGE_FEATURES_WINDOW;
}

float bridge_feature_normalise(struct bridge_feature_history *history, float value, float least)
{
    if (!isfinite(value)) {
        return 0; // of no use for a median either
    }
    add(history, value);
    const float median = history->sorted[history->count / 2];
    const float off = value - median;
    const float reach =
        off < 0 ? median - history->sorted[0] : history->sorted[history->count - 1] - median;
    return off / (reach > least ? reach : least);
}

// How much higher than its outer end a brow's inner end is, for each step to the
// side; and how far the brow is from straight. from and to are its ends.
static float slope(float points[][3], int inner, int outer)
{
    return (points[inner][1] - points[outer][1]) / fabsf(points[inner][0] - points[outer][0]);
}

static float bend(float points[][3], int from, int to)
{
    const float *a = points[from], *b = points[to];
    const float across = b[0] - a[0], up = b[1] - a[1], length = hypotf(across, up);
    float most = 0;
    for (int i = from + 1; i < to; i++) {
        most = fmaxf(most, fabsf(across * (points[i][1] - a[1]) - up * (points[i][0] - a[0])));
    }
    return most / length;
}

static float mean(float points[][3], int axis, int a, int b, int c)
{
    return (points[a][axis] + points[b][axis] + points[c][axis]) / 3;
}

static void measure(float points[][3], float raw[BRIDGE_FEATURE_COUNT])
{
    enum { X, Y };
    const float nose = points[27][Y] - points[30][Y];
    const float width = (points[0][X] - points[16][X] + points[1][X] - points[15][X]) / 2;
    const float lip = mean(points, Y, 49, 50, 51);
    const float middle = (points[50][X] + points[55][X] + points[60][X] + points[64][X] +
                          points[27][X] + points[30][X]) /
                         6;
    const float eye_left = (points[43][Y] + points[44][Y] - points[46][Y] - points[47][Y]) / 2;
    const float eye_right = (points[37][Y] + points[38][Y] - points[40][Y] - points[41][Y]) / 2;
    const float values[BRIDGE_FEATURE_COUNT] = {
        [BRIDGE_FEATURE_EYE_LEFT] = eye_left / nose,
        [BRIDGE_FEATURE_EYE_RIGHT] = eye_right / nose,
        [BRIDGE_FEATURE_BROW_STEEPNESS_LEFT] = slope(points, 22, 26),
        [BRIDGE_FEATURE_BROW_UP_LEFT] =
            ((points[22][Y] + points[26][Y]) / 2 - points[27][Y]) / nose,
        [BRIDGE_FEATURE_BROW_QUIRK_LEFT] = bend(points, 22, 26) / nose,
        [BRIDGE_FEATURE_BROW_STEEPNESS_RIGHT] = slope(points, 21, 17),
        [BRIDGE_FEATURE_BROW_UP_RIGHT] =
            ((points[17][Y] + points[21][Y]) / 2 - points[27][Y]) / nose,
        [BRIDGE_FEATURE_BROW_QUIRK_RIGHT] = bend(points, 17, 21) / nose,
        [BRIDGE_FEATURE_CORNER_DOWN_LEFT] = (lip - points[62][Y]) / nose,
        [BRIDGE_FEATURE_CORNER_OUT_LEFT] = fabsf(middle - points[62][X]) / width,
        [BRIDGE_FEATURE_CORNER_DOWN_RIGHT] = (lip - points[58][Y]) / nose,
        [BRIDGE_FEATURE_CORNER_OUT_RIGHT] = fabsf(middle - points[58][X]) / width,
        [BRIDGE_FEATURE_MOUTH_OPEN] =
            (mean(points, Y, 59, 60, 61) - mean(points, Y, 63, 64, 65)) / nose,
        [BRIDGE_FEATURE_MOUTH_WIDE] = fabsf(points[58][X] - points[62][X]) / width,
    };
    memcpy(raw, values, sizeof values);
}

void bridge_features_update(struct bridge_features *features,
                            float points[BRIDGE_FEATURES_POINTS][3],
                            float values[BRIDGE_FEATURE_COUNT])
{
    float raw[BRIDGE_FEATURE_COUNT];
    measure(points, raw);
    for (int i = 0; i < BRIDGE_FEATURE_COUNT; i++) {
        values[i] = bridge_feature_normalise(&features->histories[i], raw[i], LEAST[i]);
    }
}
