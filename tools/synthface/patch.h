// Patches: grids of coloured points in head space, lit, projected and drawn.
#pragma once

#include "tools/synthface/geometry.h"
#include "tools/synthface/raster.h"

enum { PATCH_POINTS = 176 * 176 };

struct patch {
    int rows, columns; // their product is at most PATCH_POINTS
    struct vec3 point[PATCH_POINTS];
    struct vec3 colour[PATCH_POINTS];          // of the material
    struct raster_vertex vertex[PATCH_POINTS]; // scratch of patch_draw
};

// Where the head is, and how the camera sees it.
struct view {
    float turn[3][3];  // rotation of head space
    struct vec3 pivot; // the rotation's centre, in head space
    struct vec3 move;  // after the rotation
    float scale;       // pixels per unit at distance zero
    float x, y;        // frame position of the origin, pixels
};

struct light {
    struct vec3 direction; // towards the key light
    float key, fill;       // strengths
};

struct view view_make(float yaw, float pitch, float roll, struct vec3 pivot, struct vec3 move);
struct vec3 view_apply(const struct view *view, struct vec3 point);

// Frame position, in pixels, of a point in camera space.
void view_project(const struct view *view, struct vec3 seen, float *x, float *y);

// The camera's focal length, pixels.
float view_focal(const struct view *view);

// Draws the patch; nearer moves it towards the viewer, for the depth buffer
// only, so that what lies on the skin wins over the skin.
void patch_draw(struct patch *patch, struct raster *raster, const struct view *view,
                const struct light *light, float nearer, float gloss);
