#include "tools/synthface/head.h"

// Crown to chin. From the fifth ring on, a ring carries a pair of jaw landmarks.
static const struct head_ring profile[HEAD_KNOTS] = {
    { -1.22f, 0.00f, -0.10f, -0.10f, -0.10f }, { -1.13f, 0.38f, -0.10f, 0.30f, -0.50f },
    { -0.93f, 0.62f, -0.10f, 0.58f, -0.78f },  { -0.62f, 0.75f, -0.08f, 0.77f, -0.95f },
    { -0.30f, 0.79f, -0.05f, 0.83f, -1.00f },  { 0.02f, 0.78f, 0.00f, 0.80f, -1.00f },
    { 0.22f, 0.765f, 0.05f, 0.80f, -0.95f },   { 0.42f, 0.735f, 0.10f, 0.84f, -0.85f },
    { 0.61f, 0.69f, 0.18f, 0.88f, -0.70f },    { 0.79f, 0.615f, 0.28f, 0.89f, -0.50f },
    { 0.95f, 0.49f, 0.42f, 0.87f, -0.20f },    { 1.08f, 0.345f, 0.57f, 0.87f, 0.10f },
    { 1.165f, 0.185f, 0.70f, 0.85f, 0.45f },   { 1.20f, 0.00f, 0.77f, 0.77f, 0.77f },
};
enum { FIRST_JAW_RING = 5 };

// Landmarks at rest on the left of the frame and in the middle; the others mirror them.
static const struct {
    int index, twin;
    float x, y;
    float jaw; // how far it follows the jaw; negative: as the skin there does
} half[] = {
    { 17, 26, -0.67f, -0.14f, -1 },     { 18, 25, -0.57f, -0.23f, -1 },
    { 19, 24, -0.42f, -0.265f, -1 },    { 20, 23, -0.27f, -0.245f, -1 },
    { 21, 22, -0.13f, -0.20f, -1 },     { 27, 27, 0, -0.02f, -1 },
    { 28, 28, 0, 0.115f, -1 },          { 29, 29, 0, 0.25f, -1 },
    { 30, 30, 0, 0.385f, -1 },          { 31, 35, -0.16f, 0.485f, -1 },
    { 32, 34, -0.08f, 0.51f, -1 },      { 33, 33, 0, 0.525f, -1 },
    { 36, 45, -0.50f, 0.00f, -1 },      { 37, 44, -0.41f, -0.055f, -1 },
    { 38, 43, -0.30f, -0.052f, -1 },    { 39, 42, -0.21f, 0.02f, -1 },
    { 40, 47, -0.31f, 0.044f, -1 },     { 41, 46, -0.42f, 0.043f, -1 },
    { 48, 54, -0.29f, 0.73f, 0.30f },   { 49, 53, -0.185f, 0.69f, 0.06f },
    { 50, 52, -0.075f, 0.67f, 0 },      { 51, 51, 0, 0.69f, 0 },
    { 59, 55, -0.185f, 0.805f, 0.86f }, { 58, 56, -0.08f, 0.847f, 1 },
    { 57, 57, 0, 0.855f, 1 },           { 60, 64, -0.25f, 0.733f, 0.33f },
    { 61, 63, -0.085f, 0.735f, 0.04f }, { 62, 62, 0, 0.742f, 0 },
    { 67, 65, -0.085f, 0.744f, 0.96f }, { 66, 66, 0, 0.75f, 1 },
};

// A curve through p1 (t = 0) and p2 (t = 1) that leaves towards p0 and p3.
static float through(float p0, float p1, float p2, float p3, float t)
{
    const float a = -0.5f * p0 + 1.5f * p1 - 1.5f * p2 + 0.5f * p3;
    const float b = p0 - 2.5f * p1 + 2 * p2 - 0.5f * p3;
    return ((a * t + b) * t + 0.5f * (p2 - p0)) * t + p1;
}

struct head_ring head_ring_at(const struct head_shape *shape, float t)
{
    int i = (int)t;
    i = i > HEAD_KNOTS - 2 ? HEAD_KNOTS - 2 : i;
    const float f = t - (float)i;
    const struct head_ring *b = &profile[i], *c = b + 1;
    // Beyond both poles the profile goes on at the other side of the head.
    struct head_ring a = i > 0 ? profile[i - 1] : profile[1];
    struct head_ring d = i < HEAD_KNOTS - 2 ? profile[i + 2] : profile[HEAD_KNOTS - 2];
    if (i == 0) {
        a.half_width = -a.half_width;
    }
    if (i == HEAD_KNOTS - 2) {
        d.half_width = -d.half_width;
    }
    struct head_ring ring = {
        .y = through(a.y, b->y, c->y, d.y, f),
        .half_width =
            fmaxf(0, through(a.half_width, b->half_width, c->half_width, d.half_width, f)),
        .side_z = through(a.side_z, b->side_z, c->side_z, d.side_z, f),
        .front_z = through(a.front_z, b->front_z, c->front_z, d.front_z, f),
        .back_z = through(a.back_z, b->back_z, c->back_z, d.back_z, f),
    };
    ring.half_width *= shape->width * (1 + (shape->jaw - 1) * smoothstep(0.3f, 0.9f, ring.y));
    ring.y *= ring.y > 0 ? 1 + (shape->length - 1) * smoothstep(0.3f, 1.2f, ring.y) : 1;
    return ring;
}

float head_relief(const struct head_shape *shape, float x, float y)
{
    const float ax = fabsf(x), ridge = smoothstep(-0.25f, 0.38f, y);
    const float fall = 1 - smoothstep(0.40f, 0.57f, y);
    const float nose_width = (0.085f + 0.05f * ridge) * shape->nose;
    float z = 0.34f * ridge * sqrtf(ridge) * fall * bell(x, nose_width);
    z += 0.06f * bell(x, 0.11f) * bell(y + 0.02f, 0.16f);                            // root
    z += 0.11f * bell(ax - 0.125f * shape->nose, 0.055f) * bell(y - 0.445f, 0.065f); // wings
    z -= 0.13f * bell(ax - 0.33f, 0.20f) * bell(y + 0.005f, 0.13f);                  // sockets
    z += 0.05f * bell(ax - 0.40f, 0.26f) * bell(y + 0.23f, 0.10f);                   // brows
    z += 0.05f * bell(ax - 0.44f, 0.20f) * bell(y - 0.33f, 0.20f);                   // cheeks
    z += 0.07f * bell(x, 0.26f) * bell(y - 0.75f, 0.13f);                            // lips
    z -= 0.035f * bell(x, 0.17f) * bell(y - 0.925f, 0.055f);                         // below
    z += 0.07f * bell(x, 0.20f) * bell(y - 1.06f, 0.10f);                            // chin
    z -= 0.012f * bell(x, 0.03f) * bell(y - 0.61f, 0.05f);                           // philtrum
    return z;
}

// The profile's t at height y; y only grows with t.
static float ring_of(const struct head_shape *shape, float y)
{
    float low = 0, high = HEAD_KNOTS - 1;
    for (int i = 0; i < 20; i++) {
        const float middle = (low + high) / 2;
        *(head_ring_at(shape, middle).y < y ? &low : &high) = middle;
    }
    return (low + high) / 2;
}

float head_front_z(const struct head_shape *shape, float x, float y)
{
    const struct head_ring ring = head_ring_at(shape, ring_of(shape, y));
    const float s = fminf(fabsf(x) / fmaxf(ring.half_width, 1e-3f), 1);
    return ring.side_z + (ring.front_z - ring.side_z) * sqrtf(1 - powf(s, 2.4f)) +
           head_relief(shape, x, y);
}

static struct vec3 express(const struct motion *motion, struct vec3 p, float jaw)
{
    const float side = p.x < 0 ? -1 : 1, ax = fabsf(p.x);
    const float corner = motion->smile * bell(ax - 0.29f, 0.17f) * bell(p.y - 0.73f, 0.16f);
    const float cheek = motion->smile * bell(ax - 0.42f, 0.16f) * bell(p.y - 0.40f, 0.18f);
    const float brow = motion->brow_raise * bell(p.y + 0.26f, 0.16f) * bell(ax - 0.38f, 0.45f);
    p.x += side * (0.085f * corner -
                   0.03f * motion->mouth_open * bell(ax - 0.28f, 0.1f) * bell(p.y - 0.73f, 0.12f));
    p.y += -0.075f * corner - 0.04f * cheek - 0.07f * brow + 0.33f * motion->mouth_open * jaw;
    p.z += -0.03f * corner + 0.04f * cheek - 0.10f * motion->mouth_open * jaw;
    return p;
}

struct vec3 head_express(const struct motion *motion, struct vec3 point)
{
    const float middle = bell(point.x, 0.38f);
    const float jaw = smoothstep(0.35f + 0.33f * middle, 1.10f - 0.28f * middle, point.y);
    return express(motion, point, jaw * smoothstep(-0.3f, 0.3f, point.z));
}

// Brings the upper lid down and the lower one a little up.
static void close_eye(struct vec3 eye[6], float open)
{
    for (int i = 0; i < 2; i++) {
        struct vec3 *upper = &eye[1 + i], *lower = &eye[5 - i];
        const struct vec3 meet = vec3_add(vec3_mix(*upper, *lower, 0.84f), (struct vec3){ 0 });
        const struct vec3 up = *upper;
        *upper = vec3_mix(meet, up, open);
        *lower = vec3_mix(vec3_add(meet, (struct vec3){ 0, 0.006f, 0 }), *lower, open);
    }
}

void head_landmarks(const struct head_shape *shape, const struct motion *motion,
                    struct vec3 points[HEAD_LANDMARKS])
{
    for (int i = 0; i < 17; i++) {
        const int from_ear = i <= 8 ? i : 16 - i;
        const struct head_ring ring = head_ring_at(shape, (float)(FIRST_JAW_RING + from_ear));
        const float side = i < 8 ? -1 : 1;
        const struct vec3 rest = { side * ring.half_width, ring.y, ring.side_z };
        points[i] = head_express(motion, rest);
    }
    for (unsigned i = 0; i < sizeof half / sizeof half[0]; i++) {
        float x = half[i].x, y = half[i].y;
        const int index = half[i].index;
        if (index >= 31 && index <= 33) {
            x *= shape->nose;
        } else if (index >= 36 && index <= 41) {
            y *= shape->eyes;
        } else if (index >= 48) {
            y = 0.742f + (y - 0.742f) * shape->lips;
        }
        for (int twin = 0; twin < 2; twin++) {
            const struct vec3 rest = { twin ? -x : x, y, head_front_z(shape, x, y) };
            points[twin ? half[i].twin : index] =
                half[i].jaw < 0 ? head_express(motion, rest) : express(motion, rest, half[i].jaw);
        }
    }
    close_eye(points + 36, motion->eye_open[0]);
    // The other eye's points run from the nose outwards: same order of lids.
    close_eye(points + 42, motion->eye_open[1]);
}
