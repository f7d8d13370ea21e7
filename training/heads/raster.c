#include "training/heads/raster.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SHADOW_EDGE = 320, LIGHTS_MAX = 4 };

static const float NEAREST = 1.0f;      // triangles closer to the camera are left out
static const float SHADOW_BIAS = 0.30f; // units of the mesh
static const float HIDDEN_BY = 0.35f;   // a point so far behind the surface is hidden

struct vec3 {
    float x, y, z;
};

// Memory of one rendering.
struct canvas {
    int edge;             // samples: twice the image's
    float *inverse_depth; // edge x edge, 0 where there is nothing
    int32_t *nearest;     // edge x edge: the triangle, or -1
    float *glass_depth;   // the same of the nearest glass
    int32_t *glass;
    float *colour;       // edge x edge x 3, linear
    float *shadow;       // SHADOW_EDGE squared: height towards the light
    struct vec3 *screen; // per vertex: x, y in samples, 1 / depth
    struct vec3 *lit;    // per vertex: place in the shadow map, height
    struct vec3 *normals;
    struct vec3 lights[LIGHTS_MAX];      // unit vectors
    struct vec3 shadow_right, shadow_up; // axes of the shadow map
};

struct surface {
    struct vec3 place, normal, eye;
    float u, v, exposure;
};

static struct vec3 at(const float *values, int index)
{
    return (struct vec3){ values[3 * index], values[3 * index + 1], values[3 * index + 2] };
}

static struct vec3 add(struct vec3 a, struct vec3 b)
{
    return (struct vec3){ a.x + b.x, a.y + b.y, a.z + b.z };
}

static struct vec3 subtract(struct vec3 a, struct vec3 b)
{
    return (struct vec3){ a.x - b.x, a.y - b.y, a.z - b.z };
}

static struct vec3 scale(struct vec3 a, float factor)
{
    return (struct vec3){ a.x * factor, a.y * factor, a.z * factor };
}

static float dot(struct vec3 a, struct vec3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static struct vec3 cross(struct vec3 a, struct vec3 b)
{
    return (struct vec3){ a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x };
}

static struct vec3 unit(struct vec3 a)
{
    float length = sqrtf(dot(a, a));
    return length > 0 ? scale(a, 1 / length) : a;
}

static float clamp(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

static int clamp_int(float value, int low, int high)
{
    return value < (float)low ? low : value > (float)high ? high : (int)value;
}

// A number in [0, 1] for each cell of a lattice.
static float hash(int x, int y)
{
    uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca6bu;
    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    h = (h ^ (h >> 12)) * 0x297a2d39u;
    return (float)((h ^ (h >> 15)) & 0xffff) / 65535.0f;
}

// The same, smooth between the cells.
static float noise(float x, float y)
{
    float fx = floorf(x), fy = floorf(y);
    int ix = (int)fx, iy = (int)fy;
    float tx = x - fx, ty = y - fy;
    tx = tx * tx * (3 - 2 * tx);
    ty = ty * ty * (3 - 2 * ty);
    float top = hash(ix, iy) + (hash(ix + 1, iy) - hash(ix, iy)) * tx;
    float bottom = hash(ix, iy + 1) + (hash(ix + 1, iy + 1) - hash(ix, iy + 1)) * tx;
    return top + (bottom - top) * ty;
}

void raster_normals(int32_t vertex_count, const float *vertices, int32_t triangle_count,
                    const int32_t *triangles, float *normals)
{
    memset(normals, 0, sizeof(float) * 3 * (size_t)vertex_count);
    for (int t = 0; t < triangle_count; t++) {
        const int32_t *corner = triangles + 3 * (size_t)t;
        struct vec3 a = at(vertices, corner[0]);
        struct vec3 n =
            cross(subtract(at(vertices, corner[1]), a), subtract(at(vertices, corner[2]), a));
        for (int k = 0; k < 3; k++) {
            float *sum = normals + 3 * (size_t)corner[k];
            sum[0] += n.x;
            sum[1] += n.y;
            sum[2] += n.z;
        }
    }
    for (int i = 0; i < vertex_count; i++) {
        struct vec3 n = unit(at(normals, i));
        memcpy(normals + 3 * (size_t)i, (float[]){ n.x, n.y, n.z }, sizeof(float) * 3);
    }
}

static void canvas_destroy(struct canvas *canvas)
{
    free(canvas->inverse_depth);
    free(canvas->nearest);
    free(canvas->glass_depth);
    free(canvas->glass);
    free(canvas->colour);
    free(canvas->shadow);
    free(canvas->screen);
    free(canvas->lit);
    free(canvas->normals);
}

static bool canvas_create(struct canvas *canvas, const struct raster_scene *scene)
{
    size_t samples = 4 * (size_t)scene->size * (size_t)scene->size;
    size_t vertices = (size_t)scene->vertex_count;
    *canvas = (struct canvas){
        .edge = 2 * scene->size,
        .inverse_depth = calloc(samples, sizeof(float)),
        .nearest = malloc(samples * sizeof(int32_t)),
        .glass_depth = calloc(samples, sizeof(float)),
        .glass = malloc(samples * sizeof(int32_t)),
        .colour = malloc(samples * 3 * sizeof(float)),
        .shadow = malloc(sizeof(float) * SHADOW_EDGE * SHADOW_EDGE),
        .screen = malloc(vertices * sizeof(struct vec3)),
        .lit = malloc(vertices * sizeof(struct vec3)),
        .normals = malloc(vertices * sizeof(struct vec3)),
    };
    if (canvas->inverse_depth == NULL || canvas->nearest == NULL || canvas->glass_depth == NULL ||
        canvas->glass == NULL || canvas->colour == NULL || canvas->shadow == NULL ||
        canvas->screen == NULL || canvas->lit == NULL || canvas->normals == NULL) {
        return false;
    }
    for (size_t i = 0; i < samples; i++) {
        canvas->nearest[i] = canvas->glass[i] = -1;
    }
    for (int i = 0; i < SHADOW_EDGE * SHADOW_EDGE; i++) {
        canvas->shadow[i] = -1e9f;
    }
    return true;
}

// Two axes across the direction.
static void across(struct vec3 direction, struct vec3 *first, struct vec3 *second)
{
    struct vec3 up =
        fabsf(direction.y) > 0.95f ? (struct vec3){ 1, 0, 0 } : (struct vec3){ 0, 1, 0 };
    *first = unit(cross(up, direction));
    *second = cross(direction, *first);
}

static void place_vertices(struct canvas *canvas, const struct raster_scene *scene)
{
    for (int i = 0; i < scene->light_count; i++) {
        canvas->lights[i] = unit(at(scene->lights[i].direction, 0));
    }
    struct vec3 light = canvas->lights[0], right, up;
    across(light, &right, &up);
    canvas->shadow_right = right;
    canvas->shadow_up = up;
    float cells = SHADOW_EDGE / (2 * scene->reach);
    for (int i = 0; i < scene->vertex_count; i++) {
        struct vec3 p = at(scene->vertices, i);
        float depth = scene->distance - p.z;
        float inverse = depth > NEAREST ? 1 / depth : 0;
        float pixels = 2 * scene->focal * inverse;
        canvas->screen[i] = (struct vec3){ 2 * scene->centre[0] + p.x * pixels,
                                           2 * scene->centre[1] - p.y * pixels, inverse };
        canvas->lit[i] = (struct vec3){ (dot(p, right) + scene->reach) * cells,
                                        (scene->reach - dot(p, up)) * cells, dot(p, light) };
    }
}

// A triangle in a map: what is linear over it, from its corners' values.
struct triangle {
    struct vec3 a, b, c;
    float inverse_area; // negative where it faces the viewer
    int left, right, top, bottom;
};

static bool triangle_setup(struct triangle *t, struct vec3 a, struct vec3 b, struct vec3 c,
                           int edge)
{
    float area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    if (area == 0 || !isfinite(area)) {
        return false;
    }
    *t = (struct triangle){ .a = a, .b = b, .c = c, .inverse_area = 1 / area };
    t->left = clamp_int(floorf(fminf(a.x, fminf(b.x, c.x))), 0, edge);
    t->top = clamp_int(floorf(fminf(a.y, fminf(b.y, c.y))), 0, edge);
    t->right = clamp_int(ceilf(fmaxf(a.x, fmaxf(b.x, c.x))), 0, edge);
    t->bottom = clamp_int(ceilf(fmaxf(a.y, fmaxf(b.y, c.y))), 0, edge);
    return true;
}

// The weights of the corners at a sample's centre; false outside.
static bool triangle_weights(const struct triangle *t, int x, int y, float weights[3])
{
    float px = (float)x + 0.5f, py = (float)y + 0.5f;
    weights[2] =
        ((t->b.x - t->a.x) * (py - t->a.y) - (px - t->a.x) * (t->b.y - t->a.y)) * t->inverse_area;
    weights[1] =
        ((px - t->a.x) * (t->c.y - t->a.y) - (t->c.x - t->a.x) * (py - t->a.y)) * t->inverse_area;
    weights[0] = 1 - weights[1] - weights[2];
    return weights[0] >= 0 && weights[1] >= 0 && weights[2] >= 0;
}

static float weighted(const float weights[3], float a, float b, float c)
{
    return weights[0] * a + weights[1] * b + weights[2] * c;
}

static void draw_shadow(struct canvas *canvas, const struct raster_scene *scene)
{
    for (int i = 0; i < scene->triangle_count; i++) {
        int pattern = scene->material_table[scene->materials[i]].pattern;
        if (pattern == RASTER_GLASS || pattern == RASTER_LASHES) {
            continue;
        }
        const int32_t *corner = scene->triangles + 3 * (size_t)i;
        struct triangle t;
        if (!triangle_setup(&t, canvas->lit[corner[0]], canvas->lit[corner[1]],
                            canvas->lit[corner[2]], SHADOW_EDGE)) {
            continue;
        }
        for (int y = t.top; y < t.bottom; y++) {
            for (int x = t.left; x < t.right; x++) {
                float w[3];
                if (triangle_weights(&t, x, y, w)) {
                    float *height = canvas->shadow + y * SHADOW_EDGE + x;
                    *height = fmaxf(*height, weighted(w, t.a.z, t.b.z, t.c.z));
                }
            }
        }
    }
}

static bool between_lashes(const struct raster_scene *scene, int triangle, const float weights[3])
{
    const float *uv = scene->uvs + 6 * (size_t)triangle;
    float along = weighted(weights, uv[0], uv[2], uv[4]) * 120;
    return along - floorf(along) > 0.4f;
}

static void draw_triangle(struct canvas *canvas, const struct raster_scene *scene, int index)
{
    const int32_t *corner = scene->triangles + 3 * (size_t)index;
    const struct raster_material *material = scene->material_table + scene->materials[index];
    struct vec3 a = canvas->screen[corner[0]], b = canvas->screen[corner[1]],
                c = canvas->screen[corner[2]];
    struct triangle t;
    if (a.z == 0 || b.z == 0 || c.z == 0 || !triangle_setup(&t, a, b, c, canvas->edge) ||
        (material->one_sided && t.inverse_area > 0)) {
        return;
    }
    bool glass = material->pattern == RASTER_GLASS;
    float *depth = glass ? canvas->glass_depth : canvas->inverse_depth;
    int32_t *nearest = glass ? canvas->glass : canvas->nearest;
    for (int y = t.top; y < t.bottom; y++) {
        for (int x = t.left; x < t.right; x++) {
            float w[3];
            if (!triangle_weights(&t, x, y, w)) {
                continue;
            }
            size_t sample = (size_t)y * (size_t)canvas->edge + (size_t)x;
            float inverse = weighted(w, a.z, b.z, c.z);
            if (inverse > depth[sample] &&
                !(material->pattern == RASTER_LASHES && between_lashes(scene, index, w))) {
                depth[sample] = inverse;
                nearest[sample] = index;
            }
        }
    }
}

// What lies at a sample of a triangle.
static struct surface surface_at(const struct canvas *canvas, const struct raster_scene *scene,
                                 int index, int x, int y)
{
    const int32_t *corner = scene->triangles + 3 * (size_t)index;
    struct vec3 a = canvas->screen[corner[0]], b = canvas->screen[corner[1]],
                c = canvas->screen[corner[2]];
    struct triangle t;
    float w[3] = { 1, 0, 0 };
    triangle_setup(&t, a, b, c, canvas->edge);
    triangle_weights(&t, x, y, w);
    float depth =
        1 / weighted(w, a.z, b.z, c.z); // perspective: weights in space, not on the screen
    w[0] *= a.z * depth;
    w[1] *= b.z * depth;
    w[2] *= c.z * depth;
    struct surface s = { 0 };
    const float *uv = scene->uvs + 6 * (size_t)index;
    for (int k = 0; k < 3; k++) {
        s.place = add(s.place, scale(at(scene->vertices, corner[k]), w[k]));
        s.normal = add(s.normal, scale(canvas->normals[corner[k]], w[k]));
        s.u += w[k] * uv[2 * k];
        s.v += w[k] * uv[2 * k + 1];
        s.exposure += w[k] * scene->exposure[corner[k]];
    }
    s.normal = unit(s.normal);
    s.eye = unit((struct vec3){ -s.place.x, -s.place.y, scene->distance - s.place.z });
    if (dot(s.normal, s.eye) < 0 && !scene->material_table[scene->materials[index]].one_sided) {
        s.normal = scale(s.normal, -1);
    }
    return s;
}

// The share of the first light that is not in shadow.
static float lit_share(const struct canvas *canvas, const struct raster_scene *scene,
                       struct vec3 place)
{
    float cells = SHADOW_EDGE / (2 * scene->reach);
    float x = (dot(place, canvas->shadow_right) + scene->reach) * cells;
    float y = (scene->reach - dot(place, canvas->shadow_up)) * cells;
    float height = dot(place, canvas->lights[0]);
    int lit = 0;
    for (int j = -1; j <= 1; j++) {
        for (int i = -1; i <= 1; i++) {
            int column = clamp_int(x + (float)i, 0, SHADOW_EDGE - 1);
            int row = clamp_int(y + (float)j, 0, SHADOW_EDGE - 1);
            float slack = SHADOW_BIAS + 0.15f * (float)(abs(i) + abs(j));
            lit += height > canvas->shadow[row * SHADOW_EDGE + column] - slack;
        }
    }
    return (float)lit / 9;
}

static void texture_colour(const struct raster_scene *scene, float u, float v, float colour[3])
{
    int edge = scene->texture_size;
    float x = clamp(u * (float)edge - 0.5f, 0, (float)edge - 1.001f);
    float y = clamp((1 - v) * (float)edge - 0.5f, 0, (float)edge - 1.001f);
    int column = (int)x, row = (int)y;
    float tx = x - (float)column, ty = y - (float)row;
    const uint8_t *p = scene->texture + 3 * ((size_t)row * (size_t)edge + (size_t)column);
    for (int k = 0; k < 3; k++) {
        float top = (1 - tx) * p[k] + tx * p[3 + k];
        float bottom = (1 - tx) * p[3 * edge + k] + tx * p[3 * edge + 3 + k];
        float value = ((1 - ty) * top + ty * bottom) / 255;
        colour[k] = value * value;
    }
}

static void eye_colour(const struct raster_scene *scene, const struct raster_material *material,
                       const struct surface *s, float colour[3])
{
    float radius = hypotf(s->u, s->v), angle = atan2f(s->v, s->u);
    if (radius < scene->pupil_radius) {
        colour[0] = colour[1] = colour[2] = 0.004f;
        return;
    }
    float rim = clamp((scene->iris_radius - radius) / 0.05f, 0, 1);
    float fibres =
        0.55f + 0.6f * noise(angle * 9, radius * 5) + 0.25f * noise(angle * 30, radius * 2);
    float ring = clamp((scene->iris_radius - radius) / (0.2f * scene->iris_radius), 0.25f, 1);
    float veins = noise(angle * 14, radius * 3);
    float red = clamp((radius - 0.75f) * 0.5f, 0, 0.4f) * veins * veins;
    for (int k = 0; k < 3; k++) {
        float iris = scene->iris_colour[k] * fibres * ring;
        float white = material->colour[k] * (k > 0 ? 1 - red : 1 - 0.3f * red);
        colour[k] = rim * iris + (1 - rim) * white;
    }
}

// The colour of a surface, before light. Highlights of patterns are in the table.
static void surface_colour(const struct raster_scene *scene, const struct raster_material *material,
                           const struct surface *s, float colour[3])
{
    float tone = 1;
    switch (material->pattern) {
    case RASTER_SKIN:
        texture_colour(scene, s->u, s->v, colour);
        return;
    case RASTER_EYE:
        eye_colour(scene, material, s, colour);
        return;
    case RASTER_HAIR:
        tone = 0.35f + 0.75f * noise(s->u * 260 + 2 * noise(s->v * 9, s->u * 9), s->v * 5) +
               0.35f * noise(s->u * 45, s->v * 2);
        break;
    case RASTER_CLOTH:
        tone = 0.8f + 0.25f * noise(s->u * 70, s->v * 70) + 0.15f * noise(s->u * 7, s->v * 7);
        break;
    case RASTER_TONGUE:
        tone = 0.75f + 0.4f * noise(s->u * 60, s->v * 40) -
               0.35f * expf(-powf((s->u - 0.25f) * 22, 2));
        break;
    case RASTER_TEETH:
        tone = 0.9f + 0.1f * noise(s->u * 200, s->v * 60);
        break;
    default:
        break;
    }
    for (int k = 0; k < 3; k++) {
        colour[k] = material->colour[k] * tone;
    }
}

// The strength of a light's highlight; along strands where there are some.
static float highlight(const struct raster_material *material, const struct surface *s,
                       struct vec3 light)
{
    struct vec3 half = unit(add(light, s->eye));
    float facing = clamp(dot(s->normal, half), 0, 1);
    if (material->pattern == RASTER_HAIR) {
        struct vec3 strand =
            unit(subtract((struct vec3){ 0, 1, 0 }, scale(s->normal, s->normal.y)));
        float along = dot(strand, half);
        facing = sqrtf(clamp(1 - along * along, 0, 1)) * (0.3f + 0.7f * facing);
    }
    return material->specular * powf(facing, material->gloss);
}

static void shade(const struct canvas *canvas, const struct raster_scene *scene, int index,
                  const struct surface *s, float out[3])
{
    const struct raster_material *material = scene->material_table + scene->materials[index];
    float base[3];
    surface_colour(scene, material, s, base);
    float sky = 0.5f + 0.5f * s->normal.y;
    float edge = 1 - clamp(dot(s->normal, s->eye), 0, 1), fresnel = edge * edge * edge;
    for (int k = 0; k < 3; k++) {
        float ambient = sky * scene->sky[k] + (1 - sky) * scene->ground[k];
        out[k] = (base[k] + 0.06f * fresnel) * ambient * s->exposure;
    }
    for (int i = 0; i < scene->light_count; i++) {
        struct vec3 light = canvas->lights[i];
        float open = i == 0 ? lit_share(canvas, scene, s->place) : 1;
        float facing = dot(s->normal, light);
        float spot = highlight(material, s, light) * open * (0.35f + edge) * (facing > -0.1f);
        for (int k = 0; k < 3; k++) {
            // Red light goes farther through skin than blue.
            float wrap = material->wrap * (k == 0 ? 1 : k == 1 ? 0.45f : 0.3f);
            float diffuse = clamp((facing + wrap) / (1 + wrap), 0, 1);
            diffuse *= open + (1 - open) * 0.15f * wrap;
            out[k] += (base[k] * diffuse + spot) * scene->lights[i].colour[k] * s->exposure;
        }
    }
}

// Lenses tint what lies behind them and mirror the sky and the lights.
static void shade_glass(const struct canvas *canvas, const struct raster_scene *scene, int index,
                        const struct surface *s, float colour[3])
{
    const struct raster_material *material = scene->material_table + scene->materials[index];
    float edge = 1 - clamp(dot(s->normal, s->eye), 0, 1);
    float mirror = 0.04f + 0.5f * edge * edge * edge;
    for (int k = 0; k < 3; k++) {
        colour[k] = colour[k] * (1 - material->alpha) +
                    material->colour[k] * material->alpha * scene->sky[k] + mirror * scene->sky[k];
        for (int i = 0; i < scene->light_count; i++) {
            colour[k] += highlight(material, s, canvas->lights[i]) * scene->lights[i].colour[k];
        }
    }
}

// Whether a sample of a pixel shows what another one does, so that it needs no shading of its own.
static bool same_surface(const struct canvas *canvas, const struct raster_scene *scene, size_t one,
                         size_t other)
{
    int32_t a = canvas->nearest[one], b = canvas->nearest[other];
    if (a < 0 || b < 0 || canvas->glass[one] >= 0 || canvas->glass[other] >= 0) {
        return false;
    }
    float gap = 1 / canvas->inverse_depth[one] - 1 / canvas->inverse_depth[other];
    return scene->materials[a] == scene->materials[b] && fabsf(gap) < HIDDEN_BY;
}

static void draw_sample(struct canvas *canvas, const struct raster_scene *scene, int x, int y)
{
    size_t sample = (size_t)y * (size_t)canvas->edge + (size_t)x;
    float *colour = canvas->colour + 3 * sample;
    int32_t index = canvas->nearest[sample];
    if (index >= 0) {
        struct surface s = surface_at(canvas, scene, index, x, y);
        shade(canvas, scene, index, &s, colour);
    } else {
        const uint8_t *back =
            scene->background + 3 * ((size_t)(y / 2) * (size_t)scene->size + (size_t)(x / 2));
        for (int k = 0; k < 3; k++) {
            colour[k] = (float)(back[k] * back[k]) / (255.0f * 255);
        }
    }
    index = canvas->glass[sample];
    if (index >= 0 && canvas->glass_depth[sample] > canvas->inverse_depth[sample]) {
        struct surface s = surface_at(canvas, scene, index, x, y);
        shade_glass(canvas, scene, index, &s, colour);
    }
}

// Edges are sampled four times a pixel, surfaces once.
static void draw_samples(struct canvas *canvas, const struct raster_scene *scene)
{
    size_t edge = (size_t)canvas->edge;
    for (size_t y = 0; y < edge; y += 2) {
        for (size_t x = 0; x < edge; x += 2) {
            for (size_t j = 0; j < 4; j++) {
                size_t sample = (y + j / 2) * edge + x + j % 2, like = j;
                for (size_t i = 0; i < j && like == j; i++) {
                    if (same_surface(canvas, scene, sample, (y + i / 2) * edge + x + i % 2)) {
                        like = i;
                    }
                }
                if (like == j) {
                    draw_sample(canvas, scene, (int)(x + j % 2), (int)(y + j / 2));
                } else {
                    memcpy(canvas->colour + 3 * sample,
                           canvas->colour + 3 * ((y + like / 2) * edge + x + like % 2),
                           3 * sizeof(float));
                }
            }
        }
    }
}

// Bright samples are pressed together before the mean, as sensors saturate.
static void resolve(const struct canvas *canvas, uint8_t *image)
{
    size_t edge = (size_t)canvas->edge;
    for (size_t y = 0; y < edge / 2; y++) {
        for (size_t x = 0; x < edge / 2; x++) {
            for (size_t k = 0; k < 3; k++) {
                float sum = 0;
                for (size_t j = 0; j < 4; j++) {
                    size_t sample = (2 * y + j / 2) * edge + 2 * x + j % 2;
                    float value = canvas->colour[3 * sample + k];
                    sum += canvas->nearest[sample] < 0 ? value : value / (1 + 0.2f * value);
                }
                image[(y * edge / 2 + x) * 3 + k] = (uint8_t)(sqrtf(clamp(sum / 4, 0, 1)) * 255);
            }
        }
    }
}

static bool is_hidden(const struct canvas *canvas, const struct raster_scene *scene, size_t sample,
                      float depth)
{
    float surface = canvas->inverse_depth[sample];
    int32_t glass = canvas->glass[sample];
    if (glass >= 0 && scene->material_table[scene->materials[glass]].alpha > 0.6f) {
        surface = fmaxf(surface, canvas->glass_depth[sample]);
    }
    return surface > 0 && 1 / surface < depth - HIDDEN_BY;
}

// A point is visible where one of the nine samples around it shows its surface.
static void find_points(const struct canvas *canvas, const struct raster_scene *scene,
                        float *places)
{
    for (int i = 0; i < scene->point_count; i++) {
        struct vec3 p = canvas->screen[scene->points[i]];
        bool seen = false;
        int column = (int)floorf(p.x), row = (int)floorf(p.y);
        for (int j = 0; j < 9 && p.z > 0; j++) {
            int x = column + j % 3 - 1, y = row + j / 3 - 1;
            if (x >= 0 && y >= 0 && x < canvas->edge && y < canvas->edge) {
                size_t sample = (size_t)y * (size_t)canvas->edge + (size_t)x;
                seen = seen || !is_hidden(canvas, scene, sample, 1 / p.z);
            }
        }
        places[3 * i] = p.x / 2;
        places[3 * i + 1] = p.y / 2;
        places[3 * i + 2] = seen;
    }
}

static bool scene_is_valid(const struct raster_scene *scene)
{
    if (scene->size < 1 || scene->texture_size < 2 || scene->light_count < 1 ||
        scene->light_count > LIGHTS_MAX || scene->reach <= 0) {
        return false;
    }
    for (int i = 0; i < scene->triangle_count; i++) {
        if (scene->materials[i] >= scene->material_count) {
            return false;
        }
        for (int k = 0; k < 3; k++) {
            int32_t vertex = scene->triangles[3 * (size_t)i + (size_t)k];
            if (vertex < 0 || vertex >= scene->vertex_count) {
                return false;
            }
        }
    }
    for (int i = 0; i < scene->point_count; i++) {
        if (scene->points[i] < 0 || scene->points[i] >= scene->vertex_count) {
            return false;
        }
    }
    return true;
}

int raster_render(const struct raster_scene *scene, uint8_t *image, float *places)
{
    struct canvas canvas = { 0 };
    bool ready = scene_is_valid(scene) && canvas_create(&canvas, scene);
    if (ready) {
        raster_normals(scene->vertex_count, scene->vertices, scene->triangle_count,
                       scene->triangles, &canvas.normals->x);
        place_vertices(&canvas, scene);
        draw_shadow(&canvas, scene);
        for (int i = 0; i < scene->triangle_count; i++) {
            draw_triangle(&canvas, scene, i);
        }
        draw_samples(&canvas, scene);
        resolve(&canvas, image);
        find_points(&canvas, scene, places);
    }
    canvas_destroy(&canvas);
    return ready ? 0 : -1;
}
