#include "tools/synthface/animation.h"

#include <math.h>

#include "tools/synthface/geometry.h"

static const double TURN = 6.283185307179586;

// A sine with a whole number of periods in the loop.
static float wave(double t, int periods, double shift)
{
    return (float)sin(TURN * (periods * t + shift));
}

// 1 at centre, 0 further away than half_width: all in loops, around its end.
static float pulse(double t, double centre, double half_width)
{
    double d = fabs(t - centre);
    d = d > 0.5 ? 1 - d : d;
    return smoothstep((float)half_width, (float)half_width * 0.35f, (float)d);
}

static float blink(double t)
{
    static const double times[] = { 0.08, 0.31, 0.52, 0.56, 0.83 };
    float shut = 0;
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        shut = fmaxf(shut, pulse(t, times[i], 0.018));
    }
    return shut;
}

static float talk(double t)
{
    const float envelope = fmaxf(pulse(t, 0.22, 0.13), pulse(t, 0.68, 0.13));
    return envelope * (0.36f + 0.30f * wave(t, 13, 0) + 0.2f * wave(t, 21, 0.3));
}

struct motion motion_still(void)
{
    return (struct motion){ .eye_open = { 1, 1 } };
}

struct motion motion_at(double time_s, float phase)
{
    double t = time_s / MOTION_LOOP_S + phase;
    t -= floor(t);
    struct motion m = {
        .yaw = 19 * wave(t, 1, 0) + 7 * wave(t, 3, 0.2),
        .pitch = 7 * wave(t, 2, 0.1) + 3 * wave(t, 5, 0.4),
        .roll = 5 * wave(t, 1, 0.35) + 3 * wave(t, 2, 0.8),
        .x = 0.22f * wave(t, 1, 0.05) + 0.05f * wave(t, 4, 0.3),
        .y = 0.08f * wave(t, 2, 0.6),
        .nearness = 0.5f * wave(t, 1, 0.5),
        .mouth_open = clamp01(fmaxf(talk(t), pulse(t, 0.92, 0.06))),
        .smile = clamp01(pulse(t, 0.45, 0.11) + 0.25f * pulse(t, 0.92, 0.08)),
        .gaze_x = 0.6f * wave(t, 2, 0.15),
        .gaze_y = 0.3f * wave(t, 3, 0.5),
        .brow_raise = pulse(t, 0.62, 0.07),
    };
    const float shut = blink(t);
    m.eye_open[0] = (1 - shut) * (1 - 0.2f * m.smile);
    m.eye_open[1] = fminf(m.eye_open[0], 1 - pulse(t, 0.40, 0.02)); // a wink
    return m;
}
