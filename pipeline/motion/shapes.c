#include "pipeline/motion/shapes.h"

#include <math.h>
#include <string.h>

#include "pipeline/expression.h"

// Lengths in widths of the face, as features are. Full scale is reached by the 1 to 5 per
// cent of photographs with the strongest expression; values below `noise` are the
// landmarks' own jitter.
static const float lid_shut = 0.35f;   // of the neutral opening: the eye is closed
static const float lid_noise = 0.08f;  // of the neutral opening
static const float lid_wide = 0.40f;   // of the neutral opening, beyond it
static const float jaw_full = 0.24f;   // between the lips
static const float chin_full = 0.12f;  // of the chin
static const float jaw_noise = 0.008f; //
static const float side_jaw = 0.06f, side_jaw_noise = 0.015f;
static const float side_mouth = 0.035f, side_mouth_noise = 0.008f;
static const float narrow_full = 0.10f, narrow_noise = 0.012f;
static const float out_full = 0.055f, up_full = 0.050f, corner_noise = 0.006f;
static const float frown_full = 0.036f, frown_noise = 0.012f;
static const float brow_up_full = 0.055f, brow_outer_full = 0.045f, brow_down_full = 0.045f,
                   brow_noise = 0.005f;

// 0 up to noise, 1 from full on. Not a number: 0.
static float ramp(float value, float noise, float full)
{
    return fminf(1, fmaxf(0, (value - noise) / (full - noise)));
}

// 0 up to a, 1 from b on, smooth between.
static float blend(float value, float a, float b)
{
    const float t = ramp(value, a, b);
    return t * t * (3 - 2 * t);
}

static void make_eyes(const float *f, const float *n, float *shapes)
{
    static const struct {
        int feature, blink, wide;
    } eyes[2] = {
        { PIPELINE_EYE_LEFT, PROTOCOL_EYE_BLINK_LEFT, PROTOCOL_EYE_WIDE_LEFT },
        { PIPELINE_EYE_RIGHT, PROTOCOL_EYE_BLINK_RIGHT, PROTOCOL_EYE_WIDE_RIGHT },
    };
    for (int i = 0; i < 2; i++) {
        const float open = f[eyes[i].feature] / fmaxf(n[eyes[i].feature], 0.05f);
        shapes[eyes[i].blink] = ramp(1 - open, lid_noise, 1 - lid_shut);
        shapes[eyes[i].wide] = ramp(open - 1, lid_noise, lid_wide);
    }
}

static void make_brows(const float *d, float *shapes)
{
    const float inner = (d[PIPELINE_BROW_INNER_LEFT] + d[PIPELINE_BROW_INNER_RIGHT]) / 2;
    shapes[PROTOCOL_BROW_INNER_UP] = ramp(inner, brow_noise, brow_up_full);
    shapes[PROTOCOL_BROW_OUTER_UP_LEFT] =
        ramp(d[PIPELINE_BROW_OUTER_LEFT], brow_noise, brow_outer_full);
    shapes[PROTOCOL_BROW_OUTER_UP_RIGHT] =
        ramp(d[PIPELINE_BROW_OUTER_RIGHT], brow_noise, brow_outer_full);
    // Frowning pulls the inner ends most.
    const float left = (d[PIPELINE_BROW_LEFT] + d[PIPELINE_BROW_INNER_LEFT]) / 2;
    const float right = (d[PIPELINE_BROW_RIGHT] + d[PIPELINE_BROW_INNER_RIGHT]) / 2;
    shapes[PROTOCOL_BROW_DOWN_LEFT] = ramp(-left, brow_noise, brow_down_full);
    shapes[PROTOCOL_BROW_DOWN_RIGHT] = ramp(-right, brow_noise, brow_down_full);
}

static void make_jaw(const float *d, float *shapes)
{
    const float gap = ramp(d[PIPELINE_LIPS_GAP], jaw_noise, jaw_full);
    const float chin = ramp(d[PIPELINE_CHIN_DROP], jaw_noise, chin_full);
    // The lips tell best; the chin only counts where they part.
    shapes[PROTOCOL_JAW_OPEN] = fminf(1, 0.8f * gap + 0.2f * fminf(chin, 2 * gap));
    shapes[PROTOCOL_JAW_LEFT] = ramp(d[PIPELINE_CHIN_SIDE], side_jaw_noise, side_jaw);
    shapes[PROTOCOL_JAW_RIGHT] = ramp(-d[PIPELINE_CHIN_SIDE], side_jaw_noise, side_jaw);
    shapes[PROTOCOL_MOUTH_LEFT] = ramp(d[PIPELINE_MOUTH_SIDE], side_mouth_noise, side_mouth);
    shapes[PROTOCOL_MOUTH_RIGHT] = ramp(-d[PIPELINE_MOUTH_SIDE], side_mouth_noise, side_mouth);
}

// Narrow lips: pursed when they are shut, a funnel when they are open.
static void make_lips(const float *d, float *shapes)
{
    const float gap = fmaxf(0, d[PIPELINE_LIPS_GAP]);
    const float narrow = ramp(-d[PIPELINE_MOUTH_WIDTH], narrow_noise, narrow_full);
    const float open = blend(gap, 0.015f, 0.06f);
    shapes[PROTOCOL_MOUTH_FUNNEL] = narrow * open;
    shapes[PROTOCOL_MOUTH_PUCKER] = narrow * (1 - open);
}

// Corners of the mouth: up and out is a smile, down a frown, out alone a stretch. Corners low
// on the face are not a frown yet: speech lowers them, and so does a nod. They must be
// below the middle of the lips as well, and not stretched.
static void make_corners(const float *d, float *shapes)
{
    static const struct {
        int drop, bend, out, smile, frown, stretch;
    } corners[2] = {
        { PIPELINE_CORNER_DROP_LEFT, PIPELINE_CORNER_BEND_LEFT, PIPELINE_CORNER_OUT_LEFT,
          PROTOCOL_MOUTH_SMILE_LEFT, PROTOCOL_MOUTH_FROWN_LEFT, PROTOCOL_MOUTH_STRETCH_LEFT },
        { PIPELINE_CORNER_DROP_RIGHT, PIPELINE_CORNER_BEND_RIGHT, PIPELINE_CORNER_OUT_RIGHT,
          PROTOCOL_MOUTH_SMILE_RIGHT, PROTOCOL_MOUTH_FROWN_RIGHT, PROTOCOL_MOUTH_STRETCH_RIGHT },
    };
    for (int i = 0; i < 2; i++) {
        const float drop = d[corners[i].drop];
        const float out = ramp(d[corners[i].out], corner_noise, out_full);
        const float up = ramp(-drop, corner_noise, up_full);
        const float down = ramp(fminf(drop, d[corners[i].bend]), frown_noise, frown_full);
        shapes[corners[i].smile] = up * (0.6f + 0.4f * out);
        shapes[corners[i].frown] = down * (1 - out);
        shapes[corners[i].stretch] = out * (1 - up);
    }
}

void pipeline_shapes_make(const float features[PIPELINE_FEATURE_COUNT],
                          const float neutral[PIPELINE_FEATURE_COUNT],
                          float shapes[PROTOCOL_SHAPE_COUNT])
{
    float d[PIPELINE_FEATURE_COUNT];
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        d[i] = features[i] - neutral[i];
    }
    memset(shapes, 0, PROTOCOL_SHAPE_COUNT * sizeof *shapes);
    make_eyes(features, neutral, shapes);
    make_brows(d, shapes);
    make_jaw(d, shapes);
    make_lips(d, shapes);
    make_corners(d, shapes);
}

void pipeline_shapes_read(const struct pipeline_expression *expression,
                          float values[PROTOCOL_SHAPE_COUNT])
{
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        values[i] = expression->known & UINT64_C(1) << i ? expression->shapes[i] : NAN;
    }
}
