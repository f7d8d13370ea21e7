#include "pipeline/motion/smooth.h"

#include <math.h>

static const float two_pi = 6.2831853f;
static const float speed_cutoff = 3; // of the speed's own filter, Hz
static const float gap_max_s = 0.5f; // after longer gaps the face may be anywhere

struct pipeline_smooth_options pipeline_smooth_options_default(void)
{
    return (struct pipeline_smooth_options){ .on = true, .min_cutoff = 1, .beta = 20 };
}

void pipeline_smooth_reset(struct pipeline_smooth *smooth)
{
    smooth->started = false;
}

// How much a new value counts after dt, for a first order low-pass.
static float share(float cutoff, float dt)
{
    const float r = two_pi * cutoff * dt;
    return r / (r + 1);
}

static float filter(struct pipeline_smooth_state *state,
                    const struct pipeline_smooth_options *options, float value, float size,
                    float dt)
{
    if (!isfinite(value)) {
        state->known = false;
        return value;
    }
    if (!state->known) {
        *state = (struct pipeline_smooth_state){ value, value, 0, true };
        return value;
    }
    const float speed = (value - state->last) / (size * dt);
    state->speed += share(speed_cutoff, dt) * (speed - state->speed);
    const float cutoff = options->min_cutoff + options->beta * fabsf(state->speed);
    state->value += share(cutoff, dt) * (value - state->value);
    state->last = value;
    return state->value;
}

void pipeline_smooth_run(struct pipeline_smooth *smooth,
                         const struct pipeline_smooth_options *options, struct mc_keypoint *points,
                         int count, float size, float dt_s)
{
    const bool goes_on = smooth->started && dt_s > 0 && dt_s <= gap_max_s && size > 0;
    for (int i = 0; i < count; i++) {
        smooth->x[i].known = smooth->x[i].known && goes_on;
        smooth->y[i].known = smooth->y[i].known && goes_on;
        points[i].x = filter(&smooth->x[i], options, points[i].x, size, dt_s);
        points[i].y = filter(&smooth->y[i], options, points[i].y, size, dt_s);
    }
    smooth->started = true;
}

// ---- blend shapes

enum shape_class {
    MOUTH, // and jaw, tongue
    BLINK,
    LOOK, // follows from the gaze, which is smooth
    CALM, // brows, lids that are wide or narrow, cheeks, nose
    CLASS_COUNT,
};

// Speeds are in full scales a second.
static const struct pipeline_smooth_options shape_options[CLASS_COUNT] = {
    [MOUTH] = { .on = true, .min_cutoff = 1, .beta = 6 },
    [BLINK] = { .on = true, .min_cutoff = 2, .beta = 8 },
    [CALM] = { .on = true, .min_cutoff = 0.7f, .beta = 2 },
};

#define BOTH(name, class) [PROTOCOL_##name##_LEFT] = (class), [PROTOCOL_##name##_RIGHT] = (class)

static const enum shape_class shape_classes[PROTOCOL_SHAPE_COUNT] = {
    BOTH(EYE_BLINK, BLINK),    BOTH(EYE_LOOK_UP, LOOK),  BOTH(EYE_LOOK_DOWN, LOOK),
    BOTH(EYE_LOOK_IN, LOOK),   BOTH(EYE_LOOK_OUT, LOOK), BOTH(EYE_WIDE, CALM),
    BOTH(EYE_SQUINT, CALM),    BOTH(BROW_DOWN, CALM),    [PROTOCOL_BROW_INNER_UP] = CALM,
    BOTH(BROW_OUTER_UP, CALM), BOTH(CHEEK_SQUINT, CALM), [PROTOCOL_CHEEK_PUFF] = CALM,
    BOTH(NOSE_SNEER, CALM),
};

void pipeline_smooth_shapes_reset(struct pipeline_smooth_shapes *smooth)
{
    *smooth = (struct pipeline_smooth_shapes){ 0 };
}

void pipeline_smooth_shapes_run(struct pipeline_smooth_shapes *smooth,
                                float shapes[PROTOCOL_SHAPE_COUNT], float dt_s)
{
    const bool goes_on = dt_s > 0 && dt_s <= gap_max_s;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        const struct pipeline_smooth_options *options = &shape_options[shape_classes[i]];
        smooth->states[i].known = smooth->states[i].known && goes_on;
        if (options->on) {
            shapes[i] = filter(&smooth->states[i], options, shapes[i], 1, dt_s);
        }
    }
}
