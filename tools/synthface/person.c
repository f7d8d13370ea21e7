#include "tools/synthface/person.h"

// A number in [low, high) of Marsaglia's xorshift.
static float pick(uint32_t *state, float low, float high)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return low + (high - low) * (float)(*state >> 8) / 16777216.0f;
}

static struct vec3 pick_between(uint32_t *state, struct vec3 a, struct vec3 b)
{
    return vec3_mix(a, b, pick(state, 0, 1));
}

struct person person_make(uint32_t seed)
{
    uint32_t s = seed * 2654435761u + 0x9e3779b9u;
    s = s != 0 ? s : 1;
    for (int i = 0; i < 8; i++) {
        (void)pick(&s, 0, 1); // near seeds start far apart
    }
    struct person p = { .phase = seed == 0 ? 0 : pick(&s, 0, 1) };
    p.shape = (struct head_shape){
        .width = pick(&s, 0.96f, 1.05f),
        .length = pick(&s, 0.96f, 1.05f),
        .nose = pick(&s, 0.9f, 1.12f),
        .lips = pick(&s, 0.85f, 1.25f),
        .eyes = pick(&s, 0.9f, 1.15f),
        .jaw = pick(&s, 0.94f, 1.05f),
    };
    p.skin = pick_between(&s, (struct vec3){ 0.72f, 0.43f, 0.30f },
                          (struct vec3){ 0.34f, 0.17f, 0.10f });
    p.lips = vec3_mix(p.skin, (struct vec3){ 0.45f, 0.09f, 0.09f }, 0.55f);
    p.hair = pick_between(&s, (struct vec3){ 0.015f, 0.011f, 0.010f },
                          (struct vec3){ 0.12f, 0.06f, 0.025f });
    p.iris = pick_between(&s, (struct vec3){ 0.06f, 0.03f, 0.015f },
                          (struct vec3){ 0.10f, 0.17f, 0.20f });
    p.shirt = (struct vec3){ pick(&s, 0.02f, 0.3f), pick(&s, 0.02f, 0.3f), pick(&s, 0.05f, 0.4f) };
    p.wall_top = (struct vec3){ pick(&s, 0.2f, 0.5f), pick(&s, 0.25f, 0.5f), pick(&s, 0.3f, 0.5f) };
    p.wall_bottom = vec3_scale(p.wall_top, 0.6f);
    const float side = pick(&s, -0.6f, 0.6f);
    p.light = (struct light){
        .direction = vec3_normalise((struct vec3){ side, pick(&s, -0.7f, -0.4f), 0.8f }),
        .key = pick(&s, 0.65f, 0.85f),
        .fill = pick(&s, 0.25f, 0.4f),
    };
    return p;
}
