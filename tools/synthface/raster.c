#include "tools/synthface/raster.h"

#include <stdlib.h>

bool raster_init(struct raster *raster, int width, int height)
{
    *raster = (struct raster){ .width = width * RASTER_SAMPLES, .height = height * RASTER_SAMPLES };
    const size_t count = (size_t)raster->width * (size_t)raster->height;
    raster->colour = calloc(count, sizeof *raster->colour);
    raster->depth = calloc(count, sizeof *raster->depth);
    return raster->colour != NULL && raster->depth != NULL;
}

void raster_finish(struct raster *raster)
{
    free(raster->colour);
    free(raster->depth);
    *raster = (struct raster){ 0 };
}

void raster_clear(struct raster *raster, struct vec3 top, struct vec3 bottom)
{
    for (int y = 0; y < raster->height; y++) {
        const float v = ((float)y + 0.5f) / (float)raster->height;
        const struct vec3 row = vec3_mix(top, bottom, v);
        const size_t start = (size_t)y * (size_t)raster->width;
        for (int x = 0; x < raster->width; x++) {
            const float u = ((float)x + 0.5f) / (float)raster->width;
            const float corner = (u - 0.5f) * (u - 0.5f) + (v - 0.45f) * (v - 0.45f);
            raster->colour[start + (size_t)x] = vec3_scale(row, 1.1f - 0.9f * corner);
            raster->depth[start + (size_t)x] = 0;
        }
    }
}

static float edge(const struct raster_vertex *a, const struct raster_vertex *b, float x, float y)
{
    return (b->x - a->x) * (y - a->y) - (b->y - a->y) * (x - a->x);
}

static float least(float a, float b, float c)
{
    return fminf(a, fminf(b, c));
}

// The sample range that [low, high] covers, cut to [0, size).
static void span(float low, float high, int size, int *first, int *last)
{
    *first = (int)fmaxf(0, ceilf(low - 0.5f));
    *last = (int)fminf((float)(size - 1), floorf(high - 0.5f));
}

void raster_triangle(struct raster *raster, const struct raster_vertex *a,
                     const struct raster_vertex *b, const struct raster_vertex *c)
{
    const float area = edge(a, b, c->x, c->y);
    if (!(fabsf(area) > 1e-6f)) {
        return;
    }
    int x0, x1, y0, y1;
    span(least(a->x, b->x, c->x), -least(-a->x, -b->x, -c->x), raster->width, &x0, &x1);
    span(least(a->y, b->y, c->y), -least(-a->y, -b->y, -c->y), raster->height, &y0, &y1);
    for (int y = y0; y <= y1; y++) {
        for (int x = x0; x <= x1; x++) {
            const float px = (float)x + 0.5f, py = (float)y + 0.5f;
            const float wa = edge(b, c, px, py) / area;
            const float wb = edge(c, a, px, py) / area;
            const float wc = 1 - wa - wb;
            if (wa < 0 || wb < 0 || wc < 0) {
                continue;
            }
            const float depth = wa * a->depth + wb * b->depth + wc * c->depth;
            const size_t at = (size_t)y * (size_t)raster->width + (size_t)x;
            if (depth > raster->depth[at]) {
                raster->depth[at] = depth;
                raster->colour[at] =
                    vec3_add(vec3_scale(a->colour, wa),
                             vec3_add(vec3_scale(b->colour, wb), vec3_scale(c->colour, wc)));
            }
        }
    }
}

static uint8_t to_display(float linear)
{
    return (uint8_t)(sqrtf(clamp01(linear)) * 255 + 0.5f); // gamma 2
}

void raster_resolve(const struct raster *raster, uint8_t *rgb, size_t linesize)
{
    const float weight = 1.0f / (RASTER_SAMPLES * RASTER_SAMPLES);
    for (int y = 0; y < raster->height / RASTER_SAMPLES; y++) {
        for (int x = 0; x < raster->width / RASTER_SAMPLES; x++) {
            struct vec3 sum = { 0, 0, 0 };
            for (int i = 0; i < RASTER_SAMPLES * RASTER_SAMPLES; i++) {
                const size_t row = (size_t)(y * RASTER_SAMPLES + i / RASTER_SAMPLES);
                const size_t column = (size_t)(x * RASTER_SAMPLES + i % RASTER_SAMPLES);
                sum = vec3_add(sum, raster->colour[row * (size_t)raster->width + column]);
            }
            uint8_t *pixel = rgb + (size_t)y * linesize + (size_t)x * 3;
            pixel[0] = to_display(sum.x * weight);
            pixel[1] = to_display(sum.y * weight);
            pixel[2] = to_display(sum.z * weight);
        }
    }
}
