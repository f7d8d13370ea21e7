// OpenSeeFace's fourteen features of a face. Each is relative to its own running median, since no
// face is average: 0 at the median, up to 1 on one side and down to -1 on the other.
#pragma once

enum bridge_feature {
    BRIDGE_FEATURE_EYE_LEFT, // larger: open
    BRIDGE_FEATURE_EYE_RIGHT,
    BRIDGE_FEATURE_BROW_STEEPNESS_LEFT, // larger: the inner end up
    BRIDGE_FEATURE_BROW_UP_LEFT,
    BRIDGE_FEATURE_BROW_QUIRK_LEFT, // larger: more bent
    BRIDGE_FEATURE_BROW_STEEPNESS_RIGHT,
    BRIDGE_FEATURE_BROW_UP_RIGHT,
    BRIDGE_FEATURE_BROW_QUIRK_RIGHT,
    BRIDGE_FEATURE_CORNER_DOWN_LEFT, // of the mouth. Larger is lower, there too
    BRIDGE_FEATURE_CORNER_OUT_LEFT,
    BRIDGE_FEATURE_CORNER_DOWN_RIGHT,
    BRIDGE_FEATURE_CORNER_OUT_RIGHT,
    BRIDGE_FEATURE_MOUTH_OPEN,
    BRIDGE_FEATURE_MOUTH_WIDE,
    BRIDGE_FEATURE_COUNT,
};

enum {
    BRIDGE_FEATURES_WINDOW = 900, // frames: half a minute of a webcam's
    BRIDGE_FEATURES_POINTS = 66,
};

// The last values of one feature.
struct bridge_feature_history {
    float values[BRIDGE_FEATURES_WINDOW]; // a ring
    float sorted[BRIDGE_FEATURES_WINDOW];
    int next, count;
};

// All zero at the start, and to start again.
struct bridge_features {
    struct bridge_feature_history histories[BRIDGE_FEATURE_COUNT];
};

// Measures one frame relative to those before.
//   points    OpenSeeFace's, in the head's own frame: x to the person's right, y
//             up, z to where the face looks; any unit
void bridge_features_update(struct bridge_features *features,
                            float points[BRIDGE_FEATURES_POINTS][3],
                            float values[BRIDGE_FEATURE_COUNT]);

// Adds value to the history and returns it relative to that. Values that vary by less than least
// never span the full range.
float bridge_feature_normalise(struct bridge_feature_history *history, float value, float least);
