// The locator: a network that finds faces in a region of a frame.
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
// pixels; the size is along the axes of the region.
struct pipeline_detection {
    float x, y;
    float width, height;
    float score; // 0 to 1
};

struct pipeline_locator {
    const struct nn_model_info *info; // borrowed
    struct nn_runner *runner;         // borrowed; one thread at a time
};

// Runs the network on a region; display and roi as in pipeline_scaler_run.
//   least_score  of a face; info->least_score is what the weights were measured with
//   found        room for NN_DETECTIONS_MAX; the highest score first
//   scale_ns     how long it took to make the network's input
// Returns how many there are, or -1 and sets err when the region can't be read. Thread:
// worker.
int pipeline_locator_run(const struct pipeline_locator *locator, struct pipeline_scaler *scaler,
                         const struct AVFrame *frame,
                         const struct pipeline_display_transform *display,
                         const struct pipeline_roi *roi, float least_score,
                         struct pipeline_detection *found, int64_t *scale_ns, struct mc_error *err);

// The regions of a search, one after the other: number 0 holds the whole frame; where
// that leaves faces small, because one edge is longer than the other, the next ones are
// parts along it. Returns false after the last.
bool pipeline_locator_view(int index, int width, int height, struct pipeline_roi *roi);
