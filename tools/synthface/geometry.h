// Points and colours: three floats, by value.
#pragma once

#include <math.h>

struct vec3 {
    float x, y, z;
};

static inline struct vec3 vec3_add(struct vec3 a, struct vec3 b)
{
    return (struct vec3){ a.x + b.x, a.y + b.y, a.z + b.z };
}

static inline struct vec3 vec3_scale(struct vec3 a, float k)
{
    return (struct vec3){ a.x * k, a.y * k, a.z * k };
}

static inline struct vec3 vec3_mix(struct vec3 a, struct vec3 b, float t)
{
    return vec3_add(vec3_scale(a, 1 - t), vec3_scale(b, t));
}

static inline float vec3_dot(struct vec3 a, struct vec3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline struct vec3 vec3_cross(struct vec3 a, struct vec3 b)
{
    return (struct vec3){ a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x };
}

// Length one; what has no length looks at the viewer.
static inline struct vec3 vec3_normalise(struct vec3 a)
{
    const float length = sqrtf(vec3_dot(a, a));
    return length > 1e-9f ? vec3_scale(a, 1 / length) : (struct vec3){ 0, 0, 1 };
}

static inline float clamp01(float t)
{
    return t < 0 ? 0 : t > 1 ? 1 : t;
}

// 0 up to a, 1 from b on, smooth between.
static inline float smoothstep(float a, float b, float t)
{
    t = clamp01((t - a) / (b - a));
    return t * t * (3 - 2 * t);
}

// 1 at the centre, falling to nothing within about two widths.
static inline float bell(float distance, float width)
{
    const float t = distance / width;
    return expf(-t * t);
}
