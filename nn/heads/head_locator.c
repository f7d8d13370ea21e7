#include "nn/heads/head_locator.h"

#include <math.h>
#include <stdbool.h>

// Two boxes are one face when they share more than this of both together, or
// more than this of the smaller.
static const float most_shared = 0.4f;
static const float most_covered = 0.7f;

static const float log_size_max = 4; // as in training; e^4 cells is more than any map

static float logit_of(float score)
{
    return logf(score / (1 - score));
}

static float clamp(float value, float low, float high)
{
    return fminf(fmaxf(value, low), high);
}

// Of equal neighbours the first is the peak.
static bool is_peak(const struct nn_tensor *maps, int y, int x)
{
    const float score = nn_tensor_at(maps, y, x)[NN_LOCATOR_SCORE];
    for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
            int row = y + dy, column = x + dx;
            if ((dy == 0 && dx == 0) || row < 0 || column < 0 || row >= maps->height ||
                column >= maps->width) {
                continue;
            }
            const float other = nn_tensor_at(maps, row, column)[NN_LOCATOR_SCORE];
            const bool before = dy < 0 || (dy == 0 && dx < 0);
            if (other > score || (before && other == score)) {
                return false;
            }
        }
    }
    return true;
}

static struct nn_face read_face(const struct nn_tensor *maps, int y, int x, float cell_width,
                                float cell_height)
{
    const float *cell = nn_tensor_at(maps, y, x);
    const float width = expf(clamp(cell[NN_LOCATOR_WIDTH], -log_size_max, log_size_max));
    const float height = expf(clamp(cell[NN_LOCATOR_HEIGHT], -log_size_max, log_size_max));
    return (struct nn_face){
        .x = ((float)x + 0.5f + cell[NN_LOCATOR_X] - width / 2) * cell_width,
        .y = ((float)y + 0.5f + cell[NN_LOCATOR_Y] - height / 2) * cell_height,
        .width = width * cell_width,
        .height = height * cell_height,
        .score = 1 / (1 + expf(-cell[NN_LOCATOR_SCORE])),
    };
}

static bool is_same(const struct nn_face *a, const struct nn_face *b)
{
    const float across = fminf(a->x + a->width, b->x + b->width) - fmaxf(a->x, b->x);
    const float down = fminf(a->y + a->height, b->y + b->height) - fmaxf(a->y, b->y);
    if (across <= 0 || down <= 0) {
        return false;
    }
    const float shared = across * down;
    const float area_a = a->width * a->height, area_b = b->width * b->height;
    return shared > most_shared * (area_a + area_b - shared) ||
           shared > most_covered * fminf(area_a, area_b);
}

// Puts the face in its place by score; the last goes when there is no room.
static int insert(struct nn_face *faces, int count, const struct nn_face *face)
{
    int place = count;
    while (place > 0 && faces[place - 1].score < face->score) {
        place--;
    }
    if (place == NN_FACES_MAX) {
        return count;
    }
    const int last = count < NN_FACES_MAX ? count : NN_FACES_MAX - 1;
    for (int i = last; i > place; i--) {
        faces[i] = faces[i - 1];
    }
    faces[place] = *face;
    return last + 1;
}

static int drop_doubles(struct nn_face *faces, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        bool doubled = false;
        for (int k = 0; k < kept && !doubled; k++) {
            doubled = is_same(&faces[k], &faces[i]);
        }
        if (!doubled) {
            faces[kept++] = faces[i];
        }
    }
    return kept;
}

int nn_head_locator(const struct nn_tensor *maps, float cell_width, float cell_height,
                    float least_score, struct nn_face *faces)
{
    const float least_logit = logit_of(clamp(least_score, 0.001f, 0.999f));
    int count = 0;
    for (int y = 0; y < maps->height; y++) {
        for (int x = 0; x < maps->width; x++) {
            if (nn_tensor_at(maps, y, x)[NN_LOCATOR_SCORE] >= least_logit && is_peak(maps, y, x)) {
                const struct nn_face face = read_face(maps, y, x, cell_width, cell_height);
                count = insert(faces, count, &face);
            }
        }
    }
    return drop_doubles(faces, count);
}
