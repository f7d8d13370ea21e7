// What `mocap-lab shapes` knows. For shapes*.c only.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "tools/lab/head_answers.h"
#include "tools/lab/head_set.h"

enum { LAB_SHAPES_PROGRAMS_MAX = 5, LAB_SHAPES_YAWS = 5 };

// Numbers that have no basis are not numbers (NAN).

// One case, over all people whose image and whose neutral face were answered.
struct lab_shapes_case {
    const char *name; // borrowed
    enum lab_head_kind kind;
    int images, used;
    bool is_moved[PROTOCOL_SHAPE_COUNT]; // in truth
    double rise[PROTOCOL_SHAPE_COUNT];   // of the channel over the person's neutral face; mean
    double response;   // of the case's own channels, over their true rise: 1 is right
    int other;         // the channel that moves most though it should not; -1: none does
    double other_rise; // its rise, which may be negative
};

struct lab_shapes_mean {
    double sum;
    int count;
};

// A relation between truth x and answer y.
struct lab_shapes_fit {
    double x, y, xx, yy, xy; // sums
    int count;
};

// Errors at heads turned by low to high degrees, to either side.
struct lab_shapes_yaw {
    double low, high;
    int looks, turns;                // images
    struct lab_shapes_mean gaze[2];  // of looks, mean of both eyes: sideways; up and down
    struct lab_shapes_mean euler[3]; // of neutral faces and turned heads: pitch, yaw, roll
};

struct lab_shapes_result {
    const char *program; // borrowed
    int images, found;
    struct lab_shapes_case *cases; // in the set's order, without neutral; owned
    int case_count;
    struct lab_shapes_yaw yaws[LAB_SHAPES_YAWS];
    struct lab_shapes_fit gaze[2];              // of looks: sideways; up and down
    struct lab_shapes_fit euler[3];             // of neutral faces and turned heads
    struct lab_shapes_mean toe_in, true_toe_in; // of crossed eyes
};

// Compares answers with truth. Free with lab_shapes_finish. False and err when out of memory.
bool lab_shapes_measure(struct lab_shapes_result *result, const struct lab_head_set *set,
                        const struct lab_head_answers *answers, struct mc_error *err) MC_MUST_USE;
void lab_shapes_finish(struct lab_shapes_result *result);

double lab_shapes_mean(const struct lab_shapes_mean *mean);
double lab_shapes_correlation(const struct lab_shapes_fit *fit);
double lab_shapes_slope(const struct lab_shapes_fit *fit);  // of the answer over the truth
double lab_shapes_offset(const struct lab_shapes_fit *fit); // mean of answer less truth

// The report on count programs, which were asked about the same set.
bool lab_shapes_print(const struct lab_shapes_result *results, int count, bool markdown,
                      struct mc_error *err) MC_MUST_USE;
bool lab_shapes_write_json(const struct lab_shapes_result *results, int count, const char *path,
                           struct mc_error *err) MC_MUST_USE;

// The leakage matrices as a PNG, one below the other: a row for each case, a column for each
// channel; red where it rises above the neutral face's value, blue where it falls below.
bool lab_shapes_draw(const struct lab_shapes_result *results, int count, const char *path,
                     struct mc_error *err) MC_MUST_USE;
