#include "nn/heads/head_expression.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "nn/graph/graph.h"
#include "nn/graph/weights.h"
#include "nn/networks/blocks.h"

enum {
    LANDMARKS = 68, // the first keypoints: those that are aligned
    GAZE = 4,
    TURN = 6,           // outputs behind the shapes
    FEATURES = 64,      // of the fine maps
    LOOK_CHANNELS = 16, // of the maps that are sampled
    PLACES_MAX = 256,
    INPUTS_MAX = 16384,
    HIDDEN_MAX = 4096,
};

static const float graph_epsilon = 1e-3f; // of the graph's batch norms
static const double epsilon = 1e-5;       // of the dense layers' norms
static const float leak = 0.1f;           // the slope below zero

// Where features are sampled: an offset from the middle of some landmarks.
struct place {
    int marks[LANDMARKS];
    int mark_count;
    float x, y; // in units of the mean face
};

struct nn_expression_head {
    int keypoints, channels, means, inputs, hidden, shapes;
    struct place *places;
    int place_count;
    float mean_face[LANDMARKS][2];
    float *weights, *bias;         // hidden x inputs, hidden: norms folded in
    float *out_weights, *out_bias; // (shapes + GAZE + TURN) x hidden
};

// A complex number: the turn and scale from the mean face to the image.
struct similarity {
    float middle_x, middle_y, real, imaginary;
};

void nn_expression_append(struct nn_graph *graph, int map, int keypoints)
{
    const struct nn_window point = { 1, 1, 1, 0, 0, 1, 1 };
    const struct nn_map size = nn_graph_map(graph, map);
    const int height = 2 * size.height, width = 2 * size.width;
    int count, encoder = map, fine = map;
    const struct nn_block *blocks = nn_graph_blocks(graph, &count);
    for (int i = 0; i + 1 < count; i++) { // the last block is the decoder
        encoder = blocks[i].map;
        fine = nn_graph_map(graph, encoder).height == height ? encoder : fine;
    }
    nn_graph_scope_open(graph, "head");
    // A 1x1 convolution and a resize may change places: the small map is the cheaper one.
    int coarse = nn_block_conv_bn(graph, map, "mid", FEATURES, 1, 1, graph_epsilon);
    coarse = nn_graph_bilinear(graph, coarse, height, width);
    fine = nn_block_conv_bn(graph, fine, "skip", FEATURES, 1, 1, graph_epsilon);
    fine = nn_graph_relu(graph, nn_graph_add(graph, coarse, fine));
    nn_graph_scope_open(graph, "mix");
    fine = nn_graph_scope_close(graph, nn_block_split_shuffle(graph, fine, 1, graph_epsilon));
    int heat = nn_graph_bilinear(graph, nn_graph_conv(graph, map, "kp", keypoints, point, true),
                                 height, width);
    heat = nn_graph_add(graph, nn_graph_conv(graph, fine, "fine", keypoints, point, true), heat);
    nn_graph_output(graph, heat);
    nn_graph_output(graph, nn_graph_relu(graph, nn_graph_conv(graph, fine, "expression.look",
                                                              LOOK_CHANNELS, point, true)));
    nn_graph_output(graph, nn_graph_global_pool(graph, encoder));
    nn_graph_scope_close(graph, heat);
}

// One group of the places' list: [[landmarks], [[x, y], ...]].
static bool read_group(struct nn_expression_head *head, const json_t *group)
{
    const json_t *marks = json_array_get(group, 0), *offsets = json_array_get(group, 1);
    const size_t mark_count = json_array_size(marks);
    if (mark_count < 1 || mark_count > LANDMARKS ||
        json_array_size(offsets) > (size_t)(PLACES_MAX - head->place_count)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(offsets); i++) {
        const json_t *offset = json_array_get(offsets, i);
        const json_t *x = json_array_get(offset, 0), *y = json_array_get(offset, 1);
        struct place *place = &head->places[head->place_count++];
        if (!json_is_number(x) || !json_is_number(y)) {
            return false;
        }
        place->x = (float)json_number_value(x);
        place->y = (float)json_number_value(y);
        for (size_t k = 0; k < mark_count; k++) {
            const json_t *mark = json_array_get(marks, k);
            const json_int_t number = json_is_integer(mark) ? json_integer_value(mark) : -1;
            if (number < 0 || number >= LANDMARKS) {
                return false;
            }
            place->marks[place->mark_count++] = (int)number;
        }
    }
    return true;
}

static bool read_places(struct nn_expression_head *head, const struct nn_weights *weights,
                        struct mc_error *err)
{
    const char *text = nn_weights_metadata(weights, "mocap.expression_places");
    json_t *list = text == NULL ? NULL : json_loads(text, 0, NULL);
    bool good = json_is_array(list) && json_array_size(list) > 0;
    for (size_t i = 0; good && i < json_array_size(list); i++) {
        good = read_group(head, json_array_get(list, i));
    }
    json_decref(list);
    return good || mc_error_set(err, MC_ERROR_FORMAT, 0,
                                "mocap.expression_places must be a list of [[landmarks], "
                                "[[x, y], ...]] with at most %d places",
                                (int)PLACES_MAX);
}

static const float *get(struct nn_weights *weights, const char *name, const int *dims, int rank,
                        struct mc_error *err)
{
    const struct nn_weight *weight = nn_weights_get(weights, name, dims, rank, err);
    return weight == NULL ? NULL : weight->data;
}

// A batch norm as a factor and a shift per channel.
static bool get_norm(struct nn_weights *weights, const char *name, int channels, float *factor,
                     float *shift, struct mc_error *err)
{
    static const char *const parts[] = { "weight", "bias", "running_mean", "running_var" };
    const float *values[4];
    for (int i = 0; i < 4; i++) {
        char full[NN_WEIGHT_NAME_BYTES];
        snprintf(full, sizeof full, "head.expression.%s.%s", name, parts[i]);
        values[i] = get(weights, full, &channels, 1, err);
        if (values[i] == NULL) {
            return false;
        }
    }
    for (int i = 0; i < channels; i++) {
        const double scale = values[0][i] / sqrt(fmax(values[3][i], 0) + epsilon);
        factor[i] = (float)scale;
        shift[i] = (float)(values[1][i] - scale * values[2][i]);
    }
    return true;
}

// Folds the norm in front of the hidden layer and the one behind it into its weights.
static void fold(struct nn_expression_head *head, const float *filter, const float *bias,
                 const float *norms)
{
    const int inputs = head->inputs, hidden = head->hidden;
    const float *factor = norms, *shift = norms + inputs;
    const float *out_factor = norms + 2 * inputs, *out_shift = out_factor + hidden;
    for (int h = 0; h < hidden; h++) {
        double sum = bias[h];
        for (int i = 0; i < inputs; i++) {
            const float weight = filter[(size_t)h * (size_t)inputs + (size_t)i];
            sum += (double)weight * shift[i];
            head->weights[(size_t)h * (size_t)inputs + (size_t)i] =
                weight * factor[i] * out_factor[h];
        }
        head->bias[h] = (float)(sum * out_factor[h] + out_shift[h]);
    }
}

static bool read_layers(struct nn_expression_head *head, struct nn_weights *weights, float *norms,
                        struct mc_error *err)
{
    const int outputs = head->shapes + GAZE + TURN;
    const int hidden_dims[] = { head->hidden, head->inputs };
    const int out_dims[] = { outputs, head->hidden };
    const int face_dims[] = { LANDMARKS, 2 };
    const float *filter = get(weights, "head.expression.hidden.weight", hidden_dims, 2, err);
    const float *bias = get(weights, "head.expression.hidden.bias", hidden_dims, 1, err);
    const float *out = get(weights, "head.expression.out.weight", out_dims, 2, err);
    const float *out_bias = get(weights, "head.expression.out.bias", out_dims, 1, err);
    const float *face = get(weights, "head.expression.template", face_dims, 2, err);
    if (filter == NULL || bias == NULL || out == NULL || out_bias == NULL || face == NULL ||
        !get_norm(weights, "norm", head->inputs, norms, norms + head->inputs, err) ||
        !get_norm(weights, "even", head->hidden, norms + 2 * head->inputs,
                  norms + 2 * head->inputs + head->hidden, err)) {
        return false;
    }
    fold(head, filter, bias, norms);
    memcpy(head->out_weights, out, (size_t)outputs * (size_t)head->hidden * sizeof *out);
    memcpy(head->out_bias, out_bias, (size_t)outputs * sizeof *out_bias);
    memcpy(head->mean_face, face, sizeof head->mean_face);
    return true;
}

// The layers' sizes, from the tensors themselves.
static bool read_sizes(struct nn_expression_head *head, const struct nn_weights *weights,
                       struct mc_error *err)
{
    const struct nn_weight *hidden = nn_weights_find(weights, "head.expression.hidden.weight");
    const struct nn_weight *out = nn_weights_find(weights, "head.expression.out.weight");
    head->channels = LOOK_CHANNELS;
    if (hidden != NULL && out != NULL) {
        head->hidden = hidden->dims[0];
        head->inputs = hidden->dims[1];
        head->shapes = out->dims[0] - GAZE - TURN;
        head->means = head->inputs - 2 * head->keypoints - head->place_count * head->channels;
    }
    const bool good = head->hidden > 0 && head->hidden <= HIDDEN_MAX && head->means > 0 &&
                      head->inputs <= INPUTS_MAX && head->shapes > 0 &&
                      head->shapes <= NN_SHAPES_MAX;
    return good ||
           mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "head.expression: must have at most %d hidden units, %d shapes and "
                        "inputs for %d keypoints and %d places",
                        (int)HIDDEN_MAX, (int)NN_SHAPES_MAX, head->keypoints, head->place_count);
}

static bool allocate(struct nn_expression_head *head, float **norms, struct mc_error *err)
{
    const size_t inputs = (size_t)head->inputs, hidden = (size_t)head->hidden;
    const size_t outputs = (size_t)(head->shapes + GAZE + TURN);
    head->weights = mc_memory_alloc(inputs * hidden * sizeof(float));
    head->bias = mc_memory_alloc(hidden * sizeof(float));
    head->out_weights = mc_memory_alloc(outputs * hidden * sizeof(float));
    head->out_bias = mc_memory_alloc(outputs * sizeof(float));
    *norms = mc_memory_alloc(2 * (inputs + hidden) * sizeof(float));
    const bool good = head->weights != NULL && head->bias != NULL && head->out_weights != NULL &&
                      head->out_bias != NULL && *norms != NULL;
    return good || mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the expression head");
}

struct nn_expression_head *nn_expression_create(struct nn_weights *weights, int keypoints,
                                                struct mc_error *err)
{
    struct nn_expression_head *head = calloc(1, sizeof *head);
    if (head == NULL || (head->places = calloc(PLACES_MAX, sizeof *head->places)) == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the expression head");
        nn_expression_destroy(head);
        return NULL;
    }
    head->keypoints = keypoints;
    float *norms = NULL;
    const bool good = read_places(head, weights, err) && read_sizes(head, weights, err) &&
                      allocate(head, &norms, err) && read_layers(head, weights, norms, err);
    mc_memory_free(norms);
    if (!good) {
        nn_expression_destroy(head);
        return NULL;
    }
    return head;
}

void nn_expression_destroy(struct nn_expression_head *head)
{
    if (head != NULL) {
        free(head->places);
        mc_memory_free(head->weights);
        mc_memory_free(head->bias);
        mc_memory_free(head->out_weights);
        mc_memory_free(head->out_bias);
        free(head);
    }
}

int nn_expression_shape_count(const struct nn_expression_head *head)
{
    return head->shapes;
}

size_t nn_expression_scratch(const struct nn_expression_head *head)
{
    return (size_t)(head->inputs + head->hidden + head->shapes + GAZE + TURN);
}

// The similarity that takes the mean face closest to the landmarks: points holds x, y of each.
static struct similarity align(const struct nn_expression_head *head, const float *points)
{
    struct similarity s = { 0 };
    for (int i = 0; i < LANDMARKS; i++) {
        s.middle_x += points[2 * i] / LANDMARKS;
        s.middle_y += points[2 * i + 1] / LANDMARKS;
    }
    for (int i = 0; i < LANDMARKS; i++) {
        const float x = points[2 * i] - s.middle_x, y = points[2 * i + 1] - s.middle_y;
        const float *mean = head->mean_face[i];
        s.real += (x * mean[0] + y * mean[1]) / LANDMARKS; // the mean face's mean square is one
        s.imaginary += (y * mean[0] - x * mean[1]) / LANDMARKS;
    }
    return s;
}

// Writes the keypoints in the mean face's frame over points.
static void take_back(const struct similarity *s, float *points, int count)
{
    const float square = fmaxf(s->real * s->real + s->imaginary * s->imaginary, 1e-6f);
    for (int i = 0; i < count; i++) {
        const float x = points[2 * i] - s->middle_x, y = points[2 * i + 1] - s->middle_y;
        points[2 * i] = (x * s->real + y * s->imaginary) / square;
        points[2 * i + 1] = (y * s->real - x * s->imaginary) / square;
    }
}

// Bilinear; outside the map its edge repeats. x and y are fractions of the map's edges; each
// channel's number is written stride after the last one's.
static void sample(const struct nn_tensor *map, float x, float y, float *channels, int stride)
{
    const float column = fminf(fmaxf(x * (float)map->width - 0.5f, 0), (float)(map->width - 1));
    const float row = fminf(fmaxf(y * (float)map->height - 0.5f, 0), (float)(map->height - 1));
    const int left = (int)column, top = (int)row;
    const int right = left + 1 < map->width ? left + 1 : left;
    const int bottom = top + 1 < map->height ? top + 1 : top;
    const float across = column - (float)left, down = row - (float)top;
    const float *a = nn_tensor_at(map, top, left), *b = nn_tensor_at(map, top, right);
    const float *c = nn_tensor_at(map, bottom, left), *d = nn_tensor_at(map, bottom, right);
    for (int i = 0; i < map->channels; i++) {
        const float above = a[i] + (b[i] - a[i]) * across;
        const float below = c[i] + (d[i] - c[i]) * across;
        channels[i * stride] = above + (below - above) * down;
    }
}

// A place in the image: its landmarks' middle, and the offset turned and scaled.
static void sample_place(const struct place *place, const struct similarity *s, const float *points,
                         const struct nn_tensor *features, float *channels, int stride)
{
    float x = place->x * s->real - place->y * s->imaginary;
    float y = place->y * s->real + place->x * s->imaginary;
    for (int k = 0; k < place->mark_count; k++) {
        x += points[2 * place->marks[k]] / (float)place->mark_count;
        y += points[2 * place->marks[k] + 1] / (float)place->mark_count;
    }
    sample(features, x, y, channels, stride);
}

static void dense(const float *weights, const float *bias, const float *in, int inputs, float *out,
                  int outputs)
{
    for (int o = 0; o < outputs; o++) {
        const float *row = weights + (size_t)o * (size_t)inputs;
        float sums[8] = { 0 }; // eight sums: the compiler keeps them in one register
        int i = 0;
        for (; i + 8 <= inputs; i += 8) {
            for (int k = 0; k < 8; k++) {
                sums[k] += row[i + k] * in[i + k];
            }
        }
        float sum = bias[o];
        for (; i < inputs; i++) {
            sum += row[i] * in[i];
        }
        for (int k = 0; k < 8; k++) {
            sum += sums[k];
        }
        out[o] = sum;
    }
}

static void normalise(float vector[3])
{
    const float length =
        sqrtf(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]);
    for (int k = 0; k < 3; k++) {
        vector[k] /= fmaxf(length, 1e-12f);
    }
}

// Two columns in the aligned frame (Zhou et al., 2019) -> a rotation in the camera's axes.
static void read_turn(const float *columns, const struct similarity *s, float turn[3][3])
{
    float a[3] = { columns[0], columns[1], columns[2] };
    float b[3] = { columns[3], columns[4], columns[5] };
    normalise(a);
    const float along = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    for (int k = 0; k < 3; k++) {
        b[k] -= along * a[k];
    }
    normalise(b);
    const float c[3] = { a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                         a[0] * b[1] - a[1] * b[0] };
    const float length = fmaxf(sqrtf(s->real * s->real + s->imaginary * s->imaginary), 1e-6f);
    const float cosine = s->real / length, sine = s->imaginary / length;
    const float *const all[] = { a, b, c };
    for (int k = 0; k < 3; k++) { // the image's y goes down, the camera's up
        turn[0][k] = cosine * all[k][0] + sine * all[k][1];
        turn[1][k] = cosine * all[k][1] - sine * all[k][0];
        turn[2][k] = all[k][2];
    }
}

void nn_expression_run(const struct nn_expression_head *head, const struct mc_keypoint *keypoints,
                       int input_width, int input_height, const struct nn_tensor *features,
                       const struct nn_tensor *means, struct nn_expression *expression,
                       float *scratch)
{
    float *points = scratch, *seen = scratch + 2 * head->keypoints;
    float *hidden = scratch + head->inputs, *out = hidden + head->hidden;
    for (int i = 0; i < head->keypoints; i++) {
        points[2 * i] = keypoints[i].x / (float)input_width;
        points[2 * i + 1] = keypoints[i].y / (float)input_height;
    }
    const struct similarity s = align(head, points);
    for (int i = 0; i < head->place_count; i++) {
        sample_place(&head->places[i], &s, points, features, seen + i, head->place_count);
    }
    take_back(&s, points, head->keypoints);
    memcpy(seen + head->place_count * head->channels, nn_tensor_at(means, 0, 0),
           (size_t)head->means * sizeof(float));
    dense(head->weights, head->bias, scratch, head->inputs, hidden, head->hidden);
    for (int h = 0; h < head->hidden; h++) {
        hidden[h] = hidden[h] > 0 ? hidden[h] : leak * hidden[h];
    }
    dense(head->out_weights, head->out_bias, hidden, head->hidden, out, head->shapes + GAZE + TURN);
    memcpy(expression->shapes, out, (size_t)head->shapes * sizeof *out);
    memcpy(expression->gaze, out + head->shapes, sizeof expression->gaze);
    read_turn(out + head->shapes + GAZE, &s, expression->turn);
}
