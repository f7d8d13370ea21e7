#include "nn/heads/head_expression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { LANDMARKS = NN_EXPRESSION_LANDMARKS };

static const double epsilon = 1e-5; // of the norms
static const float leak = 0.1f;     // the slope below zero

struct nn_expression_head {
    int keypoints, channels, flat, inputs, hidden, shapes;
    struct nn_expression_place *places;
    int place_count;
    float mean_face[LANDMARKS][2];
    float *weights, *bias; // hidden x inputs, hidden: norms folded in
    float *out_weights, *out_bias;
};

// A complex number: the turn and scale from the mean face to the image.
struct similarity {
    float middle_x, middle_y, real, imaginary;
};

int nn_expression_inputs(const struct nn_expression_layers *layers)
{
    return 2 * layers->keypoints + layers->channels * layers->place_count + layers->flat;
}

static double norm_factor(const struct nn_expression_norm *norm, int channel)
{
    return norm->weight[channel] / sqrt(fmax(norm->variance[channel], 0) + epsilon);
}

static double norm_shift(const struct nn_expression_norm *norm, int channel)
{
    return norm->bias[channel] - norm_factor(norm, channel) * norm->mean[channel];
}

// Folds the norm in front of the hidden layer and the one behind it into its weights.
static void fold(struct nn_expression_head *head, const struct nn_expression_layers *layers)
{
    for (int h = 0; h < head->hidden; h++) {
        const float *row = layers->hidden_weight + (size_t)h * (size_t)head->inputs;
        float *folded = head->weights + (size_t)h * (size_t)head->inputs;
        const double factor = norm_factor(&layers->hidden_norm, h);
        double sum = layers->hidden_bias[h];
        for (int i = 0; i < head->inputs; i++) {
            sum += row[i] * norm_shift(&layers->input_norm, i);
            folded[i] = (float)(row[i] * norm_factor(&layers->input_norm, i) * factor);
        }
        head->bias[h] = (float)(sum * factor + norm_shift(&layers->hidden_norm, h));
    }
}

static bool allocate(struct nn_expression_head *head)
{
    const size_t inputs = (size_t)head->inputs, hidden = (size_t)head->hidden;
    const size_t outputs = (size_t)(head->shapes + NN_EXPRESSION_OTHERS);
    head->places = calloc((size_t)head->place_count + 1, sizeof *head->places);
    head->weights = mc_memory_alloc(inputs * hidden * sizeof(float));
    head->bias = mc_memory_alloc(hidden * sizeof(float));
    head->out_weights = mc_memory_alloc(outputs * hidden * sizeof(float));
    head->out_bias = mc_memory_alloc(outputs * sizeof(float));
    return head->places != NULL && head->weights != NULL && head->bias != NULL &&
           head->out_weights != NULL && head->out_bias != NULL;
}

struct nn_expression_head *nn_expression_create(const struct nn_expression_layers *layers,
                                                struct mc_error *err)
{
    struct nn_expression_head *head = calloc(1, sizeof *head);
    if (head != NULL) {
        head->keypoints = layers->keypoints;
        head->channels = layers->channels;
        head->flat = layers->flat;
        head->inputs = nn_expression_inputs(layers);
        head->hidden = layers->hidden;
        head->shapes = layers->shapes;
        head->place_count = layers->place_count;
    }
    if (head == NULL || !allocate(head)) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the expression head");
        nn_expression_destroy(head);
        return NULL;
    }
    const size_t outputs = (size_t)(head->shapes + NN_EXPRESSION_OTHERS);
    for (int i = 0; i < head->place_count; i++) { // without places the array may be NULL
        head->places[i] = layers->places[i];
    }
    memcpy(head->mean_face, layers->mean_face, sizeof head->mean_face);
    memcpy(head->out_weights, layers->out_weight, outputs * (size_t)head->hidden * sizeof(float));
    memcpy(head->out_bias, layers->out_bias, outputs * sizeof(float));
    fold(head, layers);
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

size_t nn_expression_scratch(const struct nn_expression_head *head)
{
    return (size_t)(head->inputs + head->hidden + head->shapes + NN_EXPRESSION_OTHERS);
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
static void find_place(const struct nn_expression_place *place, const struct similarity *s,
                       const float *points, float *x, float *y)
{
    *x = place->x * s->real - place->y * s->imaginary;
    *y = place->y * s->real + place->x * s->imaginary;
    for (int k = 0; k < place->mark_count; k++) {
        *x += points[2 * place->marks[k]] / (float)place->mark_count;
        *y += points[2 * place->marks[k] + 1] / (float)place->mark_count;
    }
}

static void flatten(const struct nn_tensor *tensor, float *numbers)
{
    for (int y = 0; y < tensor->height; y++) {
        for (int x = 0; x < tensor->width; x++) {
            memcpy(numbers, nn_tensor_at(tensor, y, x), (size_t)tensor->channels * sizeof *numbers);
            numbers += tensor->channels;
        }
    }
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

struct nn_expression_crop nn_expression_crop_at(const struct nn_expression_head *head,
                                                const struct nn_expression_place *place, float edge,
                                                const struct mc_keypoint *landmarks)
{
    float points[2 * LANDMARKS];
    for (int i = 0; i < LANDMARKS; i++) {
        points[2 * i] = landmarks[i].x;
        points[2 * i + 1] = landmarks[i].y;
    }
    const struct similarity s = align(head, points);
    struct nn_expression_crop crop = { .edge = edge * hypotf(s.real, s.imaginary),
                                       .angle = atan2f(s.imaginary, s.real) };
    find_place(place, &s, points, &crop.x, &crop.y);
    return crop;
}

void nn_expression_run(const struct nn_expression_head *head, const struct mc_keypoint *keypoints,
                       int input_width, int input_height, const struct nn_tensor *features,
                       const struct nn_tensor *flat, struct nn_expression *expression,
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
        float x, y;
        find_place(&head->places[i], &s, points, &x, &y);
        sample(features, x, y, seen + i, head->place_count);
    }
    take_back(&s, points, head->keypoints);
    flatten(flat, seen + head->place_count * head->channels);
    dense(head->weights, head->bias, scratch, head->inputs, hidden, head->hidden);
    for (int h = 0; h < head->hidden; h++) {
        hidden[h] = hidden[h] > 0 ? hidden[h] : leak * hidden[h];
    }
    dense(head->out_weights, head->out_bias, hidden, head->hidden, out,
          head->shapes + NN_EXPRESSION_OTHERS);
    memcpy(expression->shapes, out, (size_t)head->shapes * sizeof *out);
    memcpy(expression->gaze, out + head->shapes, sizeof expression->gaze);
    read_turn(out + head->shapes + 4, &s, expression->turn);
}
