#include "tools/synthface/parts.h"

enum { CURVE = 25 }; // points of a curve, so that all landmarks are among them

// How far each part lies in front of the skin, for the depth buffer.
static const float LAYER = 0.012f;

static struct vec3 through(struct vec3 a, struct vec3 b, struct vec3 c, struct vec3 d, float t)
{
    const struct vec3 p = vec3_mix(b, c, t);
    const float k = t * (1 - t) / 2;
    const struct vec3 at_b = vec3_add(vec3_scale(b, 2), vec3_scale(vec3_add(a, c), -1));
    const struct vec3 at_c = vec3_add(vec3_scale(c, 2), vec3_scale(vec3_add(b, d), -1));
    return vec3_add(p, vec3_add(vec3_scale(at_b, k * (1 - t)), vec3_scale(at_c, k * t)));
}

// A smooth curve through count landmarks; it passes exactly through each.
static void curve(const struct painter *painter, const int *index, int count, struct vec3 *out)
{
    const struct vec3 *p = painter->landmarks;
    for (int i = 0; i < CURVE; i++) {
        const float at = (float)i * (float)(count - 1) / (CURVE - 1);
        const int k = i == CURVE - 1 ? count - 2 : (int)(at + 1e-4f);
        out[i] = through(p[index[k > 0 ? k - 1 : 0]], p[index[k]], p[index[k + 1]],
                         p[index[k + 2 < count ? k + 2 : count - 1]], clamp01(at - (float)k));
    }
}

// A patch between two curves, rows from the first to the second.
static void between(struct painter *painter, const struct vec3 *from, const struct vec3 *to,
                    int rows)
{
    struct patch *patch = painter->patch;
    patch->rows = rows;
    patch->columns = CURVE;
    for (int row = 0; row < rows; row++) {
        const float v = (float)row / (float)(rows - 1);
        for (int i = 0; i < CURVE; i++) {
            patch->point[row * CURVE + i] = vec3_mix(from[i], to[i], v);
        }
    }
}

static void draw(struct painter *painter, float layer, float gloss)
{
    patch_draw(painter->patch, painter->raster, &painter->head, &painter->person->light,
               layer * LAYER, gloss);
}

static void fill(struct painter *painter, struct vec3 colour)
{
    for (int i = 0; i < painter->patch->rows * painter->patch->columns; i++) {
        painter->patch->colour[i] = colour;
    }
}

static void shift(struct vec3 *points, struct vec3 by)
{
    for (int i = 0; i < CURVE; i++) {
        const float inner = sinf(3.1415927f * (float)i / (CURVE - 1));
        points[i] = vec3_add(points[i], vec3_scale(by, inner));
    }
}

// White, iris and pupil on a fine grid between the lids.
static void paint_eyeball(struct painter *painter, const struct vec3 *upper,
                          const struct vec3 *lower, struct vec3 centre)
{
    enum { ROWS = 40, COLUMNS = 120 };
    const struct person *person = painter->person;
    const float radius = 0.073f;
    struct patch *patch = painter->patch;
    patch->rows = ROWS;
    patch->columns = COLUMNS;
    for (int row = 0; row < ROWS; row++) {
        const float v = (float)row / (ROWS - 1);
        for (int column = 0; column < COLUMNS; column++) {
            const float at = (float)column / (COLUMNS - 1) * (CURVE - 1);
            const int k = column == COLUMNS - 1 ? CURVE - 2 : (int)at;
            const struct vec3 top = vec3_mix(upper[k], upper[k + 1], at - (float)k);
            const struct vec3 bottom = vec3_mix(lower[k], lower[k + 1], at - (float)k);
            struct vec3 p = vec3_mix(top, bottom, v);
            const float dx = p.x - centre.x, dy = p.y - centre.y;
            const float r = sqrtf(dx * dx + dy * dy);
            const struct vec3 white = { 0.66f, 0.60f, 0.57f };
            struct vec3 colour =
                vec3_mix(person->iris, white, smoothstep(0.93f, 1.07f, r / radius));
            colour = vec3_scale(colour, smoothstep(0.36f, 0.50f, r / radius));
            colour = vec3_scale(colour, 0.55f + 0.45f * smoothstep(0, 0.35f, v));
            const float glint = smoothstep(0.016f, 0.010f, hypotf(dx + 0.022f, dy + 0.026f));
            colour = vec3_mix(colour, (struct vec3){ 1, 1, 1 }, glint);
            patch->point[row * COLUMNS + column] = p;
            patch->colour[row * COLUMNS + column] = colour;
        }
    }
    draw(painter, 1, 0.02f);
}

// The upper lid from its crease to its edge, and the lashes on both edges.
static void paint_lids(struct painter *painter, const struct vec3 *upper, const struct vec3 *lower,
                       const struct vec3 *crease)
{
    const struct vec3 skin = painter->person->skin;
    struct vec3 edge[CURVE];
    between(painter, crease, upper, 8);
    for (int i = 0; i < 8 * CURVE; i++) {
        const float v = (float)(i / CURVE) / 7;
        const float dark = 0.45f * bell(v, 0.22f) + 0.2f * v;
        painter->patch->colour[i] = vec3_scale(skin, 0.80f * (1 - dark));
    }
    draw(painter, 2, 0.06f);
    for (int k = 0; k < 2; k++) {
        const struct vec3 *lid = k == 0 ? upper : lower;
        for (int i = 0; i < CURVE; i++) {
            edge[i] = lid[i];
        }
        shift(edge, (struct vec3){ 0, k == 0 ? -0.024f : 0.012f, 0 });
        between(painter, lid, edge, 3);
        fill(painter, k == 0 ? vec3_scale(skin, 0.06f) : vec3_scale(skin, 0.42f));
        draw(painter, 3, 0);
    }
}

static void paint_eye(struct painter *painter, int side)
{
    static const int upper_index[2][4] = { { 36, 37, 38, 39 }, { 42, 43, 44, 45 } };
    static const int lower_index[2][4] = { { 36, 41, 40, 39 }, { 42, 47, 46, 45 } };
    struct vec3 upper[CURVE], lower[CURVE], crease[CURVE];
    curve(painter, upper_index[side], 4, upper);
    curve(painter, lower_index[side], 4, lower);
    struct vec3 open[HEAD_LANDMARKS]; // the crease stays where the open lid is
    struct motion wide = *painter->motion;
    wide.eye_open[0] = wide.eye_open[1] = 1;
    head_landmarks(&painter->person->shape, &wide, open);
    struct painter resting = *painter;
    resting.landmarks = open;
    curve(&resting, upper_index[side], 4, crease);
    shift(crease, (struct vec3){ 0, -0.05f, 0.02f });
    const struct vec3 corner = side == 0 ? open[36] : open[42];
    const struct vec3 other = side == 0 ? open[39] : open[45];
    struct vec3 centre = vec3_mix(corner, other, 0.5f);
    centre.x += 0.055f * painter->motion->gaze_x;
    centre.y += -0.012f + 0.02f * painter->motion->gaze_y;
    paint_eyeball(painter, upper, lower, centre);
    paint_lids(painter, upper, lower, crease);
}

static void paint_brow(struct painter *painter, const int *index, bool starts_outside)
{
    enum { ROWS = 11 };
    struct vec3 middle[CURVE], top[CURVE], bottom[CURVE];
    curve(painter, index, 5, middle);
    for (int i = 0; i < CURVE; i++) {
        const float u = (float)i / (CURVE - 1), inside = starts_outside ? u : 1 - u;
        const float thick = 0.022f + 0.036f * smoothstep(0, 0.6f, inside);
        top[i] = vec3_add(middle[i], (struct vec3){ 0, -0.45f * thick - 0.012f, 0 });
        bottom[i] = vec3_add(middle[i], (struct vec3){ 0, 1.2f * thick + 0.012f, 0.004f });
    }
    between(painter, top, bottom, ROWS);
    for (int row = 0; row < ROWS; row++) {
        for (int i = 0; i < CURVE; i++) {
            const float v = (float)row / (ROWS - 1), u = (float)i / (CURVE - 1);
            const float cover = smoothstep(0, 0.28f, v) * smoothstep(0, 0.28f, 1 - v) *
                                smoothstep(-0.05f, 0.08f, u) * smoothstep(-0.05f, 0.08f, 1 - u);
            const struct vec3 hair = vec3_scale(painter->person->hair, 1.2f);
            painter->patch->colour[row * CURVE + i] =
                vec3_mix(painter->person->skin, hair, 0.9f * cover);
        }
    }
    draw(painter, 2, 0.02f);
}

static void paint_nostril(struct painter *painter, int from, int to)
{
    enum { ROWS = 8, COLUMNS = 20 };
    const struct vec3 a = painter->landmarks[from], b = painter->landmarks[to];
    struct vec3 centre = vec3_mix(a, b, 0.62f);
    centre.y -= 0.018f;
    struct patch *patch = painter->patch;
    patch->rows = ROWS;
    patch->columns = COLUMNS;
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        const float r = (float)(i / COLUMNS) / (ROWS - 1);
        const float angle = 6.2831853f * (float)(i % COLUMNS) / (COLUMNS - 1);
        patch->point[i] = vec3_add(
            centre, (struct vec3){ 0.052f * r * cosf(angle), 0.026f * r * sinf(angle), 0.05f });
        patch->colour[i] =
            vec3_scale(painter->person->skin, 0.12f + 0.55f * smoothstep(0.45f, 1, r));
    }
    draw(painter, 3, 0);
}

static void paint_lip(struct painter *painter, const struct vec3 *outer, const struct vec3 *inner,
                      float forward, float shade)
{
    enum { ROWS = 9 };
    between(painter, outer, inner, ROWS);
    for (int row = 0; row < ROWS; row++) {
        const float v = (float)row / (ROWS - 1);
        for (int i = 0; i < CURVE; i++) {
            const float side = sinf(3.1415927f * (float)i / (CURVE - 1));
            painter->patch->point[row * CURVE + i].z += forward * side * v * (1.05f - v) * 4;
            const struct vec3 soft = vec3_mix(painter->person->skin, painter->person->lips,
                                              smoothstep(-0.15f, 0.25f, v));
            const float dark = shade * (1 - 0.45f * smoothstep(0.7f, 1, v));
            painter->patch->colour[row * CURVE + i] = vec3_scale(soft, dark);
        }
    }
    draw(painter, 5, 0.12f);
}

static void paint_mouth(struct painter *painter)
{
    static const int upper_outer[] = { 48, 49, 50, 51, 52, 53, 54 };
    static const int lower_outer[] = { 48, 59, 58, 57, 56, 55, 54 };
    static const int upper_inner[] = { 60, 61, 62, 63, 64 };
    static const int lower_inner[] = { 60, 67, 66, 65, 64 };
    struct vec3 outer[CURVE], inner_up[CURVE], inner_down[CURVE], teeth[CURVE];
    curve(painter, upper_inner, 5, inner_up);
    curve(painter, lower_inner, 5, inner_down);
    between(painter, inner_up, inner_down, 6);
    fill(painter, (struct vec3){ 0.045f, 0.012f, 0.012f });
    draw(painter, 3, 0);
    for (int i = 0; i < CURVE; i++) {
        const float gap = inner_down[i].y - inner_up[i].y;
        teeth[i] = inner_up[i];
        teeth[i].y += fminf(clamp01(gap - 0.025f) * 0.6f, 0.075f);
    }
    between(painter, inner_up, teeth, 4);
    fill(painter, (struct vec3){ 0.50f, 0.46f, 0.40f });
    draw(painter, 4, 0.05f);
    curve(painter, upper_outer, 7, outer);
    paint_lip(painter, outer, inner_up, 0.012f, 0.82f);
    curve(painter, lower_outer, 7, outer);
    paint_lip(painter, outer, inner_down, 0.03f, 1.0f);
}

void paint_face(struct painter *painter)
{
    static const int brows[2][5] = { { 17, 18, 19, 20, 21 }, { 22, 23, 24, 25, 26 } };
    paint_eye(painter, 0);
    paint_eye(painter, 1);
    paint_brow(painter, brows[0], true);
    paint_brow(painter, brows[1], false);
    paint_nostril(painter, 31, 32);
    paint_nostril(painter, 35, 34);
    paint_mouth(painter);
}
