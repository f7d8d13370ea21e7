#include "pipeline/expression.h"

#include <math.h>
#include <string.h>

#include "nn/model.h"
#include "pipeline/mapping.h"

_Static_assert((int)PIPELINE_EXPRESSION_SHAPES_MAX == (int)NN_SHAPES_MAX,
               "all shapes of a model have a place");

static int find_shape(const char *name)
{
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (strcmp(name, protocol_shape_name((enum protocol_shape)i)) == 0) {
            return i;
        }
    }
    return -1;
}

void pipeline_expression_names_init(struct pipeline_expression_names *names,
                                    const struct nn_model_info *info)
{
    *names = (struct pipeline_expression_names){ .count = info->shape_count };
    for (int i = 0; i < names->count; i++) {
        names->shapes[i] = find_shape(info->shapes[i]);
    }
}

// The network's axes have y upwards and z backwards, the record's y downwards and z forwards, of
// head and camera alike. The region is turned about the camera's axis.
static void make_rotation(const float turn[3][3], const struct pipeline_mapping *mapping,
                          float rotation[3][3])
{
    const float length = hypotf(mapping->xx, mapping->yx);
    const float c = mapping->xx / length, s = mapping->yx / length;
    for (int k = 0; k < 3; k++) {
        const float sign = k == 0 ? 1 : -1;
        const float x = sign * turn[0][k], y = -sign * turn[1][k], z = -sign * turn[2][k];
        rotation[0][k] = c * x - s * y;
        rotation[1][k] = s * x + c * y;
        rotation[2][k] = z;
    }
}

void pipeline_expression_make(const struct pipeline_expression_names *names,
                              const struct nn_expression *seen,
                              const struct pipeline_mapping *mapping, int width, int height,
                              struct pipeline_expression *expression)
{
    const struct mc_keypoint middle = pipeline_mapping_apply(
        mapping, (struct mc_keypoint){ (float)width / 2, (float)height / 2, 1 });
    *expression = (struct pipeline_expression){ .x = middle.x, .y = middle.y };
    for (int i = 0; i < names->count; i++) {
        const int shape = names->shapes[i];
        if (shape >= 0) {
            expression->shapes[shape] = seen->shapes[i];
            expression->known |= UINT64_C(1) << shape;
        }
    }
    for (int eye = 0; eye < 2; eye++) {
        expression->gaze[eye][0] = -seen->gaze[eye][0];
        expression->gaze[eye][1] = -seen->gaze[eye][1];
    }
    make_rotation(seen->turn, mapping, expression->rotation);
}
