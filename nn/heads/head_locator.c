#include "nn/heads/head_locator.h"

#include <math.h>
#include <stdbool.h>

// Two boxes are the same face if the intersection exceeds this share of their union, or this
// share of the smaller.
static const float iou_max = 0.4f;
static const float covered_max = 0.7f;

static const float log_size_max = 4; // as in training; e^4 cells exceed any map

static float logit_of(float score)
{
    return logf(score / (1 - score));
}

static float clamp(float value, float low, float high)
{
    return fminf(fmaxf(value, low), high);
}

// Whether the cell is a local maximum. Of equal neighbours only the first is.
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
            const bool is_earlier = dy < 0 || (dy == 0 && dx < 0);
            if (other > score || (is_earlier && other == score)) {
                return false;
            }
        }
    }
    return true;
}

static struct nn_detection read_cell(const struct nn_tensor *maps, int y, int x, float cell_width,
                                     float cell_height)
{
    const float *cell = nn_tensor_at(maps, y, x);
    const float width = expf(clamp(cell[NN_LOCATOR_WIDTH], -log_size_max, log_size_max));
    const float height = expf(clamp(cell[NN_LOCATOR_HEIGHT], -log_size_max, log_size_max));
    return (struct nn_detection){
        .x = ((float)x + 0.5f + cell[NN_LOCATOR_X] - width / 2) * cell_width,
        .y = ((float)y + 0.5f + cell[NN_LOCATOR_Y] - height / 2) * cell_height,
        .width = width * cell_width,
        .height = height * cell_height,
        .score = 1 / (1 + expf(-cell[NN_LOCATOR_SCORE])),
    };
}

static bool is_same(const struct nn_detection *a, const struct nn_detection *b)
{
    const float overlap_x = fminf(a->x + a->width, b->x + b->width) - fmaxf(a->x, b->x);
    const float overlap_y = fminf(a->y + a->height, b->y + b->height) - fmaxf(a->y, b->y);
    if (overlap_x <= 0 || overlap_y <= 0) {
        return false;
    }
    const float intersection = overlap_x * overlap_y;
    const float area_a = a->width * a->height, area_b = b->width * b->height;
    return intersection > iou_max * (area_a + area_b - intersection) ||
           intersection > covered_max * fminf(area_a, area_b);
}

// Inserts a detection by descending score; drops the last if there is no room. Returns the
// new count.
static int insert(struct nn_detection *detections, int count, const struct nn_detection *added)
{
    int at = count;
    while (at > 0 && detections[at - 1].score < added->score) {
        at--;
    }
    if (at == NN_DETECTIONS_MAX) {
        return count;
    }
    const int last = count < NN_DETECTIONS_MAX ? count : NN_DETECTIONS_MAX - 1;
    for (int i = last; i > at; i--) {
        detections[i] = detections[i - 1];
    }
    detections[at] = *added;
    return last + 1;
}

// Non-maximum suppression. Returns the new count.
static int suppress(struct nn_detection *detections, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        bool suppressed = false;
        for (int k = 0; k < kept && !suppressed; k++) {
            suppressed = is_same(&detections[k], &detections[i]);
        }
        if (!suppressed) {
            detections[kept++] = detections[i];
        }
    }
    return kept;
}

int nn_head_locator(const struct nn_tensor *maps, float cell_width, float cell_height,
                    float least_score, struct nn_detection *detections)
{
    const float least_logit = logit_of(clamp(least_score, 0.001f, 0.999f));
    int count = 0;
    for (int y = 0; y < maps->height; y++) {
        for (int x = 0; x < maps->width; x++) {
            if (nn_tensor_at(maps, y, x)[NN_LOCATOR_SCORE] >= least_logit && is_peak(maps, y, x)) {
                const struct nn_detection detection =
                    read_cell(maps, y, x, cell_width, cell_height);
                count = insert(detections, count, &detection);
            }
        }
    }
    return suppress(detections, count);
}
