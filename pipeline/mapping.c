#include "pipeline/mapping.h"

#include <math.h>

struct pipeline_mapping pipeline_mapping_identity(void)
{
    return (struct pipeline_mapping){ .xx = 1, .yy = 1 };
}

bool pipeline_mapping_is_axis_aligned(const struct pipeline_mapping *mapping)
{
    return (mapping->xy == 0 && mapping->yx == 0) || (mapping->xx == 0 && mapping->yy == 0);
}

struct pipeline_mapping pipeline_mapping_then(const struct pipeline_mapping *first,
                                              const struct pipeline_mapping *second)
{
    return (struct pipeline_mapping){
        .xx = second->xx * first->xx + second->xy * first->yx,
        .xy = second->xx * first->xy + second->xy * first->yy,
        .x0 = second->xx * first->x0 + second->xy * first->y0 + second->x0,
        .yx = second->yx * first->xx + second->yy * first->yx,
        .yy = second->yx * first->xy + second->yy * first->yy,
        .y0 = second->yx * first->x0 + second->yy * first->y0 + second->y0,
    };
}

struct pipeline_mapping pipeline_mapping_inverse(const struct pipeline_mapping *mapping)
{
    const float determinant = mapping->xx * mapping->yy - mapping->xy * mapping->yx;
    const float xx = mapping->yy / determinant, xy = -mapping->xy / determinant;
    const float yx = -mapping->yx / determinant, yy = mapping->xx / determinant;
    return (struct pipeline_mapping){
        .xx = xx,
        .xy = xy,
        .x0 = -(xx * mapping->x0 + xy * mapping->y0),
        .yx = yx,
        .yy = yy,
        .y0 = -(yx * mapping->x0 + yy * mapping->y0),
    };
}

struct mc_keypoint pipeline_mapping_apply(const struct pipeline_mapping *mapping,
                                          struct mc_keypoint keypoint)
{
    return (struct mc_keypoint){
        .x = mapping->xx * keypoint.x + mapping->xy * keypoint.y + mapping->x0,
        .y = mapping->yx * keypoint.x + mapping->yy * keypoint.y + mapping->y0,
        .c = keypoint.c,
    };
}

void pipeline_mapping_turn(const struct pipeline_mapping *mapping, const float jacobian[4],
                           float turned[4])
{
    const float scale = hypotf(mapping->xx, mapping->yx);
    const float xx = mapping->xx / scale, xy = mapping->xy / scale;
    const float yx = mapping->yx / scale, yy = mapping->yy / scale;
    for (int i = 0; i < 2; i++) {
        turned[i] = xx * jacobian[i] + xy * jacobian[2 + i];
        turned[2 + i] = yx * jacobian[i] + yy * jacobian[2 + i];
    }
}
