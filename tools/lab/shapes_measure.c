#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lab/shapes.h"

static const double yaw_bounds[LAB_SHAPES_YAWS + 1] = { 0, 10, 20, 35, 50, 90 };
static const double crossed_deg = 10; // toe-in above which eyes count as crossed

// ---- sums

static void mean_add(struct lab_shapes_mean *mean, double value)
{
    if (isfinite(value)) {
        mean->sum += value;
        mean->count++;
    }
}

double lab_shapes_mean(const struct lab_shapes_mean *mean)
{
    return mean->count > 0 ? mean->sum / mean->count : NAN;
}

static void fit_add(struct lab_shapes_fit *fit, double truth, double answer)
{
    if (isfinite(answer)) {
        fit->x += truth;
        fit->y += answer;
        fit->xx += truth * truth;
        fit->yy += answer * answer;
        fit->xy += truth * answer;
        fit->count++;
    }
}

static double covariance(double xy, double x, double y, int count)
{
    return xy / count - x / count * (y / count);
}

double lab_shapes_correlation(const struct lab_shapes_fit *fit)
{
    const double xx = covariance(fit->xx, fit->x, fit->x, fit->count);
    const double yy = covariance(fit->yy, fit->y, fit->y, fit->count);
    return xx > 1e-9 && yy > 1e-9 ? covariance(fit->xy, fit->x, fit->y, fit->count) / sqrt(xx * yy)
                                  : NAN;
}

double lab_shapes_slope(const struct lab_shapes_fit *fit)
{
    const double xx = covariance(fit->xx, fit->x, fit->x, fit->count);
    return xx > 1e-9 ? covariance(fit->xy, fit->x, fit->y, fit->count) / xx : NAN;
}

double lab_shapes_offset(const struct lab_shapes_fit *fit)
{
    return fit->count > 0 ? (fit->y - fit->x) / fit->count : NAN;
}

// ---- one case

// Of the images of one case.
struct sums {
    struct lab_shapes_mean response, rise[PROTOCOL_SHAPE_COUNT];
};

static struct lab_shapes_case *find_case(struct lab_shapes_result *result,
                                         const struct lab_head *head)
{
    for (int i = 0; i < result->case_count; i++) {
        if (strcmp(result->cases[i].name, head->name) == 0) {
            return &result->cases[i];
        }
    }
    struct lab_shapes_case *added = &result->cases[result->case_count++];
    *added = (struct lab_shapes_case){ .name = head->name, .kind = head->kind, .other = -1 };
    return added;
}

// How far an image's own channels rise, 1 being as far as in truth.
static double response_of(const struct lab_head *head, const struct lab_head *neutral,
                          const struct lab_head_answer *answer, const struct lab_head_answer *rest)
{
    struct lab_shapes_mean mean = { 0 };
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (lab_head_owns(head->name, i)) {
            mean_add(&mean, (double)(answer->shapes[i] - rest->shapes[i]) /
                                (double)(head->shapes[i] - neutral->shapes[i]));
        }
    }
    return lab_shapes_mean(&mean);
}

// Adds an image to its case.
static void add_shapes(struct lab_shapes_case *one, struct sums *sums,
                       const struct lab_head_set *set, const struct lab_head_answers *answers,
                       int index)
{
    const struct lab_head *head = &set->heads[index], *neutral = &set->heads[head->neutral];
    const struct lab_head_answer *answer = &answers->answers[index];
    const struct lab_head_answer *rest = &answers->answers[head->neutral];
    one->images++;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        one->is_moved[i] |= head->shapes[i] != neutral->shapes[i];
    }
    if (!answer->found || !rest->found) {
        return;
    }
    one->used++;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        mean_add(&sums->rise[i], (double)(answer->shapes[i] - rest->shapes[i]));
    }
    if (head->kind == LAB_HEAD_SHAPE) {
        mean_add(&sums->response, response_of(head, neutral, answer, rest));
    }
}

// In a look, the shapes that follow it are no mistake: those of the other direction may fall.
static bool is_own(const struct lab_shapes_case *one, enum protocol_shape shape)
{
    return one->is_moved[shape] ||
           (one->kind == LAB_HEAD_GAZE && strncmp(protocol_shape_name(shape), "eyeLook", 7) == 0);
}

// Makes means of the sums, and finds the channel that moves most though it should not.
static void finish_case(struct lab_shapes_case *one, const struct sums *sums)
{
    one->response = lab_shapes_mean(&sums->response);
    one->other_rise = NAN;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        const double rise = one->rise[i] = lab_shapes_mean(&sums->rise[i]);
        if (!is_own(one, i) && isfinite(rise) &&
            (one->other < 0 || fabs(rise) > fabs(one->other_rise))) {
            one->other = i;
            one->other_rise = rise;
        }
    }
}

// ---- angles

static struct lab_shapes_yaw *find_yaw(struct lab_shapes_result *result,
                                       const struct lab_head *head)
{
    const double yaw = fabs((double)head->euler[1]);
    int i = 0;
    while (i < LAB_SHAPES_YAWS - 1 && yaw >= yaw_bounds[i + 1]) {
        i++;
    }
    return &result->yaws[i];
}

static void add_gaze(struct lab_shapes_result *result, const struct lab_head *head,
                     const struct lab_head_answer *answer)
{
    struct lab_shapes_yaw *yaw = find_yaw(result, head);
    const double toe_in = (double)(head->gaze[0][0] - head->gaze[1][0]);
    yaw->looks++;
    for (int axis = 0; axis < 2; axis++) {
        double off = 0;
        for (int eye = 0; eye < 2; eye++) {
            const double truth = (double)head->gaze[eye][axis];
            const double seen = (double)answer->gaze[eye][axis];
            off += fabs(seen - truth) / 2;
            fit_add(&result->gaze[axis], truth, seen);
        }
        mean_add(&yaw->gaze[axis], off);
    }
    if (toe_in > crossed_deg) {
        mean_add(&result->true_toe_in, toe_in);
        mean_add(&result->toe_in, (double)(answer->gaze[0][0] - answer->gaze[1][0]));
    }
}

static void add_turn(struct lab_shapes_result *result, const struct lab_head *head,
                     const struct lab_head_answer *answer)
{
    struct lab_shapes_yaw *yaw = find_yaw(result, head);
    yaw->turns++;
    for (int k = 0; k < 3; k++) {
        const double truth = (double)head->euler[k];
        const double off = remainder((double)answer->euler[k] - truth, 360);
        mean_add(&yaw->euler[k], fabs(off));
        fit_add(&result->euler[k], truth, truth + off);
    }
}

// ---- all of it

static void add_all(struct lab_shapes_result *result, struct sums *sums,
                    const struct lab_head_set *set, const struct lab_head_answers *answers)
{
    for (int i = 0; i < set->count; i++) {
        const struct lab_head *head = &set->heads[i];
        const struct lab_head_answer *answer = &answers->answers[i];
        result->found += answer->found;
        if (head->kind != LAB_HEAD_NEUTRAL) {
            struct lab_shapes_case *one = find_case(result, head);
            add_shapes(one, &sums[one - result->cases], set, answers, i);
        }
        if (head->kind == LAB_HEAD_GAZE) {
            add_gaze(result, head, answer);
        } else if (head->kind != LAB_HEAD_SHAPE) {
            add_turn(result, head, answer);
        }
    }
}

bool lab_shapes_measure(struct lab_shapes_result *result, const struct lab_head_set *set,
                        const struct lab_head_answers *answers, struct mc_error *err)
{
    *result = (struct lab_shapes_result){ .program = answers->name, .images = set->count };
    for (int i = 0; i < LAB_SHAPES_YAWS; i++) {
        result->yaws[i].low = yaw_bounds[i];
        result->yaws[i].high = yaw_bounds[i + 1];
    }
    struct sums *sums = calloc((size_t)set->count, sizeof *sums);
    result->cases = calloc((size_t)set->count, sizeof *result->cases);
    const bool good = sums != NULL && result->cases != NULL;
    if (good) {
        add_all(result, sums, set, answers);
        for (int i = 0; i < result->case_count; i++) {
            finish_case(&result->cases[i], &sums[i]);
        }
    } else {
        lab_shapes_finish(result);
    }
    free(sums);
    return good || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
}

void lab_shapes_finish(struct lab_shapes_result *result)
{
    free(result->cases);
    *result = (struct lab_shapes_result){ 0 };
}
