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
