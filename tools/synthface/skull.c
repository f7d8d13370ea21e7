#include "tools/synthface/parts.h"

static const float TURN = 6.2831853f;

static void resize(struct patch *patch, int rows, int columns)
{
    patch->rows = rows;
    patch->columns = columns;
}

static void put(struct patch *patch, int row, int column, struct vec3 point, struct vec3 colour)
{
    patch->point[row * patch->columns + column] = point;
    patch->colour[row * patch->columns + column] = colour;
}

// Where light reaches less: beside the nose, in the sockets, below lip and nose.
static float occlusion(const struct head_shape *shape, float x, float y)
{
    const float ax = fabsf(x);
    float dark = 0.30f * bell(ax - 0.27f, 0.16f) * bell(y + 0.03f, 0.09f);
    dark += 0.25f * bell(ax - 0.19f * shape->nose, 0.04f) * bell(y - 0.42f, 0.11f);
    dark += 0.42f * bell(x, 0.16f) * bell(y - 0.555f, 0.035f);
    dark += 0.22f * bell(x, 0.15f) * bell(y - 0.915f, 0.04f);
    dark += 0.14f * bell(ax - 0.29f - 0.35f * (y - 0.55f), 0.04f) * bell(y - 0.60f, 0.12f);
    return 1 - dark;
}

static struct vec3 skin_colour(const struct person *person, float x, float y)
{
    const float ax = fabsf(x);
    const float blush = 0.5f * bell(ax - 0.45f, 0.2f) * bell(y - 0.38f, 0.2f) +
                        0.5f * bell(x, 0.13f) * bell(y - 0.42f, 0.12f);
    const struct vec3 rosy = { person->skin.x * 1.03f, person->skin.y * 0.8f,
                               person->skin.z * 0.78f };
    return vec3_scale(vec3_mix(person->skin, rosy, blush), occlusion(&person->shape, x, y));
}

// A point of the skull's surface, at rest: t down the profile, s around it.
static struct vec3 skull_point(const struct head_shape *shape, float t, float angle)
{
    const struct head_ring ring = head_ring_at(shape, t);
    const float s = sinf(angle), c = cosf(angle);
    const float round = powf(fmaxf(0, 1 - powf(fabsf(s), 2.4f)), 0.5f);
    struct vec3 p = { ring.half_width * s, ring.y, ring.side_z };
    if (c >= 0) {
        p.z += (ring.front_z - ring.side_z) * round +
               head_relief(shape, p.x, p.y) * smoothstep(0, 0.3f, c);
    } else {
        p.z += (ring.back_z - ring.side_z) * round;
    }
    return p;
}

static void paint_skin(struct painter *painter)
{
    struct patch *patch = painter->patch;
    resize(patch, 170, 176);
    for (int row = 0; row < patch->rows; row++) {
        const float t = (HEAD_KNOTS - 1) * (float)row / (float)(patch->rows - 1);
        for (int column = 0; column < patch->columns; column++) {
            // Two thirds of the columns lie in front, closest at the nose.
            const float u = 2 * (float)column / (float)(patch->columns - 1) - 1;
            const float angle = 0.5f * TURN * (0.35f * u + 0.65f * u * u * u);
            const struct vec3 rest = skull_point(&painter->person->shape, t, angle);
            const struct vec3 colour =
                rest.z > 0 ? skin_colour(painter->person, rest.x, rest.y) : painter->person->skin;
            put(patch, row, column, head_express(painter->motion, rest), colour);
        }
    }
    patch_draw(patch, painter->raster, &painter->head, &painter->person->light, 0, 0.10f);
}

static void paint_ear(struct painter *painter, float side)
{
    struct patch *patch = painter->patch;
    resize(patch, 20, 32);
    for (int row = 0; row < patch->rows; row++) {
        const float a = TURN / 2 * (float)row / (float)(patch->rows - 1);
        for (int column = 0; column < patch->columns; column++) {
            const float b = TURN * (float)column / (float)(patch->columns - 1);
            const float x = 0.07f * sinf(a) * cosf(b), z = 0.16f * sinf(a) * sinf(b);
            const struct vec3 p = { side * (0.795f * painter->person->shape.width + x - 0.35f * z),
                                    0.16f - 0.25f * cosf(a) - 0.1f * z, -0.12f + z };
            const float hollow = 1 - 0.3f * bell(z - 0.02f, 0.07f) * bell(cosf(a), 0.5f);
            put(patch, row, column, p, vec3_scale(painter->person->skin, 0.9f * hollow));
        }
    }
    patch_draw(patch, painter->raster, &painter->head, &painter->person->light, 0, 0.05f);
}

// How far down the profile the hair comes, per angle: high in front, a side
// burn before the ear, the nape behind.
static float hairline(float angle)
{
    const float a = fabsf(angle);
    const float temple = 3.0f + 0.35f * smoothstep(0.3f, 0.9f, a);
    const float burn = 2.2f * smoothstep(0.95f, 1.45f, a);
    return temple + burn + 3.0f * smoothstep(1.7f, 2.3f, a);
}

static void paint_hair(struct painter *painter)
{
    struct patch *patch = painter->patch;
    resize(patch, 60, 176);
    for (int row = 0; row < patch->rows; row++) {
        const float v = (float)row / (float)(patch->rows - 1);
        for (int column = 0; column < patch->columns; column++) {
            const float angle = TURN * ((float)column / (float)(patch->columns - 1) - 0.5f);
            const float t = v * hairline(angle);
            struct vec3 p = skull_point(&painter->person->shape, t, angle);
            const float thick = 0.015f + 0.13f * (1 - v * v * v * v);
            const struct vec3 out = vec3_normalise((struct vec3){ p.x, p.y + 0.1f, p.z + 0.1f });
            p = vec3_add(p, vec3_scale(out, thick));
            const float strand =
                1 + 0.25f * sinf((float)column * 2.9f) * sinf((float)column * 1.3f);
            put(patch, row, column, p, vec3_scale(painter->person->hair, strand));
        }
    }
    patch_draw(patch, painter->raster, &painter->head, &painter->person->light, 0, 0.05f);
}

void paint_skull(struct painter *painter)
{
    paint_skin(painter);
    paint_ear(painter, -1);
    paint_ear(painter, 1);
    paint_hair(painter);
}

// Rings around the body's axis: half widths and depths down from the neck.
static void paint_rings(struct painter *painter, const float (*rings)[4], int count,
                        struct vec3 colour, float shadow_to_y)
{
    struct patch *patch = painter->patch;
    resize(patch, count * 8, 64);
    for (int row = 0; row < patch->rows; row++) {
        const float at = (float)row / (float)(patch->rows - 1) * (float)(count - 1);
        const int i = at >= (float)(count - 2) ? count - 2 : (int)at;
        const float f = smoothstep(0, 1, at - (float)i);
        float ring[4];
        for (int k = 0; k < 4; k++) {
            ring[k] = rings[i][k] + (rings[i + 1][k] - rings[i][k]) * (k == 0 ? at - (float)i : f);
        }
        for (int column = 0; column < patch->columns; column++) {
            const float a = TURN * (float)column / (float)(patch->columns - 1);
            const struct vec3 p = { ring[1] * sinf(a), ring[0], ring[3] + ring[2] * cosf(a) };
            const float lit = 0.35f + 0.65f * smoothstep(0.9f, shadow_to_y, p.y);
            put(patch, row, column, p, vec3_scale(colour, lit));
        }
    }
    patch_draw(patch, painter->raster, &painter->body, &painter->person->light, 0, 0.02f);
}

void paint_body(struct painter *painter)
{
    // y, half width, half depth, z
    static const float neck[][4] = { { 0.5f, 0.46f, 0.42f, -0.2f },
                                     { 1.2f, 0.44f, 0.40f, -0.2f },
                                     { 1.65f, 0.52f, 0.42f, -0.25f },
                                     { 1.9f, 0.8f, 0.4f, -0.3f } };
    static const float shirt[][4] = { { 1.58f, 0.56f, 0.44f, -0.28f },
                                      { 1.72f, 0.9f, 0.5f, -0.3f },
                                      { 1.95f, 1.5f, 0.6f, -0.35f },
                                      { 2.3f, 1.85f, 0.7f, -0.35f },
                                      { 4.0f, 2.0f, 0.8f, -0.35f } };
    paint_rings(painter, neck, 4, painter->person->skin, 1.7f);
    paint_rings(painter, shirt, 5, painter->person->shirt, 1.0f);
}
