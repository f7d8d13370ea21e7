#include "tools/synthface/patch.h"

#include <assert.h>

static const float CAMERA = 11; // distance of the camera from the origin

struct view view_make(float yaw, float pitch, float roll, struct vec3 pivot, struct vec3 move)
{
    const float degree = 0.017453293f;
    const float cy = cosf(yaw * degree), sy = sinf(yaw * degree);
    const float cp = cosf(pitch * degree), sp = sinf(pitch * degree);
    const float cr = cosf(roll * degree), sr = sinf(roll * degree);
    return (struct view){
        .turn = { { cr * cy + sr * sp * sy, -sr * cp, cr * sy - sr * sp * cy },
                  { sr * cy - cr * sp * sy, cr * cp, sr * sy + cr * sp * cy },
                  { -cp * sy, -sp, cp * cy } },
        .pivot = pivot,
        .move = move,
    };
}

struct vec3 view_apply(const struct view *view, struct vec3 p)
{
    const struct vec3 q = vec3_add(p, vec3_scale(view->pivot, -1));
    const float(*m)[3] = view->turn;
    const struct vec3 turned = {
        m[0][0] * q.x + m[0][1] * q.y + m[0][2] * q.z,
        m[1][0] * q.x + m[1][1] * q.y + m[1][2] * q.z,
        m[2][0] * q.x + m[2][1] * q.y + m[2][2] * q.z,
    };
    return vec3_add(turned, vec3_add(view->pivot, view->move));
}

void view_project(const struct view *view, struct vec3 seen, float *x, float *y)
{
    const float scale = view->scale * CAMERA / (CAMERA - seen.z);
    *x = view->x + seen.x * scale;
    *y = view->y + seen.y * scale;
}

float view_focal(const struct view *view)
{
    return view->scale * CAMERA;
}

static struct vec3 shade(struct vec3 colour, struct vec3 normal, const struct light *light,
                         float gloss)
{
    const float facing = vec3_dot(normal, light->direction);
    const float wrapped = clamp01((facing + 0.35f) / 1.35f);
    const float above = 0.5f - 0.5f * normal.y; // fill comes from the ceiling and the viewer
    const float diffuse =
        light->key * wrapped * wrapped + light->fill * (0.35f + 0.35f * above + 0.3f * normal.z);
    const struct vec3 half = vec3_normalise(vec3_add(light->direction, (struct vec3){ 0, 0, 1 }));
    float shine = clamp01(vec3_dot(normal, half));
    shine = shine * shine * shine * shine;
    shine = shine * shine * shine * gloss * light->key;
    return vec3_add(vec3_scale(colour, diffuse), (struct vec3){ shine, shine, shine });
}

// The normal at a grid point, from its neighbours, on the viewer's side.
static struct vec3 normal_at(const struct patch *patch, const struct vec3 *seen, int row,
                             int column)
{
    const int r0 = row > 0 ? row - 1 : row, r1 = row < patch->rows - 1 ? row + 1 : row;
    const int c0 = column > 0 ? column - 1 : column;
    const int c1 = column < patch->columns - 1 ? column + 1 : column;
    const int width = patch->columns;
    const struct vec3 along =
        vec3_add(seen[row * width + c1], vec3_scale(seen[row * width + c0], -1));
    const struct vec3 down =
        vec3_add(seen[r1 * width + column], vec3_scale(seen[r0 * width + column], -1));
    const struct vec3 normal = vec3_normalise(vec3_cross(along, down));
    return normal.z < 0 ? vec3_scale(normal, -1) : normal;
}

void patch_draw(struct patch *patch, struct raster *raster, const struct view *view,
                const struct light *light, float nearer, float gloss)
{
    const int count = patch->rows * patch->columns;
    assert(count <= PATCH_POINTS);
    for (int i = 0; i < count; i++) {
        patch->point[i] = view_apply(view, patch->point[i]);
    }
    for (int row = 0; row < patch->rows; row++) {
        for (int column = 0; column < patch->columns; column++) {
            const int i = row * patch->columns + column;
            struct raster_vertex *vertex = &patch->vertex[i];
            view_project(view, patch->point[i], &vertex->x, &vertex->y);
            vertex->x *= RASTER_SAMPLES;
            vertex->y *= RASTER_SAMPLES;
            vertex->depth = 1 / (CAMERA - patch->point[i].z - nearer);
            vertex->colour =
                shade(patch->colour[i], normal_at(patch, patch->point, row, column), light, gloss);
        }
    }
    for (int row = 0; row + 1 < patch->rows; row++) {
        const struct raster_vertex *a = patch->vertex + row * patch->columns;
        const struct raster_vertex *b = a + patch->columns;
        for (int column = 0; column + 1 < patch->columns; column++) {
            raster_triangle(raster, &a[column], &a[column + 1], &b[column]);
            raster_triangle(raster, &b[column], &a[column + 1], &b[column + 1]);
        }
    }
}
