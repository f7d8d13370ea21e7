// Finds faces in a part of a frame, with a network made for that.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "nn/heads/detection.h"
#include "pipeline/track/scaler.h"

struct AVFrame;
struct pipeline_display_transform;
struct nn_model_info;
struct nn_runner;

// A face: the middle and the size of its landmarks' box (no forehead), in displayed
// pixels; the size along the axes of the square that was looked at.
struct pipeline_detection {
    float x, y;
    float width, height;
    float score; // 0 to 1
};

struct pipeline_locator {
    const struct nn_model_info *info; // borrowed
    struct nn_runner *runner;         // borrowed; its own while it runs
};

// Looks at a square of the frame; display and square are pipeline_scaler_run's.
//   least_score  of a face; info->least_score is what the weights were measured with
//   found        room for NN_DETECTIONS_MAX; the surest first
//   scale_ns     how long it took to make the network's input
// Returns how many there are; -1 and err when it can't look. Thread: worker.
int pipeline_locator_run(const struct pipeline_locator *locator, struct pipeline_scaler *scaler,
                         const struct AVFrame *frame,
                         const struct pipeline_display_transform *display,
                         const struct pipeline_roi *square, float least_score,
                         struct pipeline_detection *found, int64_t *scale_ns, struct mc_error *err);

// The squares that a search looks at, one after the other: number 0 holds the
// whole frame; where that leaves faces small, because one edge is longer than
// the other, the next ones show parts along it. False behind the last.
bool pipeline_locator_view(int index, int width, int height, struct pipeline_roi *square);
