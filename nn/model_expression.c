#include "nn/model_expression.h"

#include <math.h>
#include <stdio.h>

#include <jansson.h>

#include "nn/graph/weights.h"
#include "nn/heads/head_expression.h"

enum { HIDDEN_MAX = 4096 };

// In units of the mean face, whose largest is less than two.
static bool is_offset(const json_t *number)
{
    return json_is_number(number) && fabs(json_number_value(number)) <= 100;
}

// One group of the list: [[landmarks], [[x, y], ...]].
static bool read_group(struct nn_expression_place *places, int *place_count, int most,
                       const json_t *group)
{
    const json_t *marks = json_array_get(group, 0), *offsets = json_array_get(group, 1);
    const size_t mark_count = json_array_size(marks);
    if (mark_count < 1 || mark_count > NN_EXPRESSION_LANDMARKS ||
        json_array_size(offsets) > (size_t)(most - *place_count)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(offsets); i++) {
        const json_t *offset = json_array_get(offsets, i);
        const json_t *x = json_array_get(offset, 0), *y = json_array_get(offset, 1);
        if (!is_offset(x) || !is_offset(y)) {
            return false;
        }
        struct nn_expression_place *place = &places[(*place_count)++];
        place->x = (float)json_number_value(x);
        place->y = (float)json_number_value(y);
        for (size_t k = 0; k < mark_count; k++) {
            const json_t *mark = json_array_get(marks, k);
            const json_int_t number = json_is_integer(mark) ? json_integer_value(mark) : -1;
            if (number < 0 || number >= NN_EXPRESSION_LANDMARKS) {
                return false;
            }
            place->marks[place->mark_count++] = (int)number;
        }
    }
    return true;
}

int nn_model_expression_places(const struct nn_weights *weights, struct nn_expression_place *places,
                               int most, struct mc_error *err)
{
    const char *text = nn_weights_metadata(weights, "mocap.expression_places");
    json_t *list = text == NULL ? NULL : json_loads(text, 0, NULL);
    int count = 0;
    bool good = json_array_size(list) > 0;
    for (size_t i = 0; good && i < json_array_size(list); i++) {
        good = read_group(places, &count, most, json_array_get(list, i));
    }
    json_decref(list);
    if (!good || count == 0) {
        mc_error_set(err, MC_ERROR_FORMAT, 0,
                     "mocap.expression_places: must be a list of [[landmarks], [[x, y], ...]] "
                     "with at most %d places",
                     most);
        return 0;
    }
    return count;
}

static bool get(struct nn_weights *weights, const char *name, const char *part, const int *dims,
                int rank, const float **data, struct mc_error *err)
{
    char full[NN_WEIGHT_NAME_BYTES];
    snprintf(full, sizeof full, "head.expression.%s%s", name, part);
    const struct nn_weight *weight = nn_weights_get(weights, full, dims, rank, err);
    *data = weight == NULL ? NULL : weight->data;
    return weight != NULL;
}

static bool get_norm(struct nn_weights *weights, const char *name, int channels,
                     struct nn_expression_norm *norm, struct mc_error *err)
{
    return get(weights, name, ".weight", &channels, 1, &norm->weight, err) &&
           get(weights, name, ".bias", &channels, 1, &norm->bias, err) &&
           get(weights, name, ".running_mean", &channels, 1, &norm->mean, err) &&
           get(weights, name, ".running_var", &channels, 1, &norm->variance, err);
}

// How many hidden units there are is known from the tensor itself.
static bool read_sizes(struct nn_expression_layers *layers, const struct nn_weights *weights,
                       struct mc_error *err)
{
    const struct nn_weight *hidden = nn_weights_find(weights, "head.expression.hidden.weight");
    const int inputs = nn_expression_inputs(layers);
    const int found = hidden == NULL ? 0 : hidden->dims[1];
    layers->hidden = hidden == NULL ? 0 : hidden->dims[0];
    return (layers->hidden > 0 && layers->hidden <= HIDDEN_MAX && found == inputs) ||
           mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "head.expression.hidden.weight: must be [1 to %d,%d], got [%d,%d]",
                        (int)HIDDEN_MAX, inputs, layers->hidden, found);
}

static bool read_layers(struct nn_expression_layers *layers, struct nn_weights *weights,
                        struct mc_error *err)
{
    const int outputs = layers->shapes + NN_EXPRESSION_OTHERS;
    const int inputs = nn_expression_inputs(layers);
    const int hidden_dims[] = { layers->hidden, inputs };
    const int out_dims[] = { outputs, layers->hidden };
    const int face_dims[] = { NN_EXPRESSION_LANDMARKS, 2 };
    return get(weights, "hidden", ".weight", hidden_dims, 2, &layers->hidden_weight, err) &&
           get(weights, "hidden", ".bias", hidden_dims, 1, &layers->hidden_bias, err) &&
           get(weights, "out", ".weight", out_dims, 2, &layers->out_weight, err) &&
           get(weights, "out", ".bias", out_dims, 1, &layers->out_bias, err) &&
           get(weights, "template", "", face_dims, 2, &layers->mean_face, err) &&
           get_norm(weights, "norm", inputs, &layers->input_norm, err) &&
           get_norm(weights, "even", layers->hidden, &layers->hidden_norm, err);
}

struct nn_expression_head *nn_model_expression_read(struct nn_weights *weights,
                                                    struct nn_expression_layers *layers,
                                                    struct mc_error *err)
{
    return read_sizes(layers, weights, err) && read_layers(layers, weights, err)
               ? nn_expression_create(layers, err)
               : NULL;
}
