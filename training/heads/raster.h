// A software rasteriser for training images: triangle meshes in, an RGB image
// and the visibility of chosen vertices out. Called from Python through ctypes
// (raster.py mirrors these structs), so every type has a fixed size.
//
// View space: x to the image's right, y up, z towards the camera, which sits at
// (0, 0, distance) and looks along -z. Colours are linear; images hold their
// square roots (a gamma of 2).
#pragma once

#include <stdint.h>

enum raster_pattern {
    RASTER_PLAIN,
    RASTER_SKIN,   // the scene's texture
    RASTER_EYE,    // pupil, iris and sclera; uv in units of the mesh, from the pupil's centre
    RASTER_HAIR,   // strands along v; the highlight runs across them
    RASTER_CLOTH,  // a weave
    RASTER_TONGUE, // papillae and a groove along v at u = 0.25
    RASTER_TEETH,
    RASTER_LASHES, // strands with gaps between them
    RASTER_GLASS,  // blended over what lies behind, by alpha
};

struct raster_material {
    float colour[3];
    float specular, gloss; // strength and exponent of the highlight
    float wrap;            // how far light reaches around, as through skin
    float alpha;           // RASTER_GLASS
    int32_t pattern;       // enum raster_pattern
    int32_t one_sided;     // back faces are not drawn
};

struct raster_light {
    float direction[3]; // towards the light; any length
    float colour[3];
};

struct raster_scene {
    int32_t size;         // the image's edge, pixels; each is the mean of 2x2 samples
    int32_t texture_size; // its edge, pixels
    int32_t vertex_count, triangle_count, material_count, light_count, point_count;
    float distance, focal;   // focal length in pixels
    float centre[2];         // of the projection, pixels, y down
    float reach;             // half the edge of what the shadow map covers
    float sky[3], ground[3]; // ambient light from above and below
    float iris_colour[3], iris_radius, pupil_radius;
    const float *vertices;    // vertex_count x 3, view space
    const float *exposure;    // vertex_count: the share of light that gets there
    const int32_t *triangles; // triangle_count x 3
    const float *uvs;         // triangle_count x 3 x 2
    const uint8_t *materials; // triangle_count
    const struct raster_material *material_table;
    const struct raster_light *lights; // at most 4; the first one casts shadows
    const uint8_t *texture;            // texture_size x texture_size x 3; v = 0 is its last row
    const uint8_t *background;         // size x size x 3
    const int32_t *points;             // point_count vertices
};

// Renders a scene.
//   image   size x size x 3, written
//   places  point_count x 3, written: x, y in pixels (pixel i covers [i, i + 1]) and 1 where
//           nothing opaque lies in front of the vertex, else 0
// Returns 0, or -1 when out of memory or an index is out of range.
__attribute__((visibility("default"))) int raster_render(const struct raster_scene *scene,
                                                         uint8_t *image, float *places);

// The unit normals of vertices, weighted by triangles' areas; 0 where a vertex has no triangle.
__attribute__((visibility("default"))) void
raster_normals(int32_t vertex_count, const float *vertices, int32_t triangle_count,
               const int32_t *triangles, float *normals);
