// A small software rasteriser: coloured triangles with a depth buffer, drawn
// larger than the frame and averaged down.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/synthface/geometry.h"

enum { RASTER_SAMPLES = 2 }; // along each edge of a pixel

struct raster {
    int width, height;   // of the sample grid
    struct vec3 *colour; // linear light, 0 to 1; owned
    float *depth;        // larger is nearer; owned
};

struct raster_vertex {
    float x, y, depth; // sample grid
    struct vec3 colour;
};

// Makes room for a frame of width x height pixels; false when out of memory.
bool raster_init(struct raster *raster, int width, int height);
void raster_finish(struct raster *raster);

// Fills with a soft gradient from top to bottom, darker towards the corners.
void raster_clear(struct raster *raster, struct vec3 top, struct vec3 bottom);
void raster_triangle(struct raster *raster, const struct raster_vertex *a,
                     const struct raster_vertex *b, const struct raster_vertex *c);

// Averages the samples into packed RGB, 8 bits with a display's gamma.
void raster_resolve(const struct raster *raster, uint8_t *rgb, size_t linesize);
