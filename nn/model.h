// Models: an image goes in, keypoints come out; of a locator, boxes of faces.
//
// A model holds the weights and the compiled graph and never changes once
// loaded: all threads share one. A runner holds the memory of one inference:
// each worker has its own.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/keypoint.h"
#include "nn/heads/face.h"
#include "nn/heads/head_expression.h"
#include "nn/precision.h"
#include "nn/tensor.h"

struct nn_model;
struct nn_program;
struct nn_weights;
struct nn_runner;

// The models that ship, among the program's data files (base/path.h).
#define NN_MODEL_DEFAULT_FILE "face68.safetensors"
#define NN_LOCATOR_DEFAULT_FILE "face-locator.safetensors"

enum { NN_KEYPOINTS_MAX = 128, NN_DENSE_MAX = 256 };

enum nn_head {
    NN_HEAD_LANDMARK, // keypoints: nn_runner_run
    NN_HEAD_LOCATOR,  // boxes of faces: nn_runner_locate
    NN_HEAD_MOTION,   // keypoints, and their Jacobians: nn_runner_jacobians
    NN_HEAD_FACE,     // keypoints, dense points, an expression: nn_runner_expression
};

struct nn_model_info {
    char arch[32];               // the backbone: "lednet"
    enum nn_head head;           // what it gives
    char keypoint_set[32];       // what the keypoints mean: "ibug68"
    int input_width;             // pixels
    int input_height;            // pixels
    int keypoint_count;          // at most NN_KEYPOINTS_MAX
    int map_width;               // of each heat map
    int map_height;              //
    float input_mean;            // an input value is byte / 255 - input_mean
    float crop_margin;           // edge of the crop over the larger edge of the keypoints' box
    bool has_jacobians;          // motion: of each keypoint
    float least_score;           // locator: the score from which a box is taken for a face
    float forehead;              // locator: what a box adds above the landmarks, over their height
    size_t parameter_count;      // trained numbers in the file
    enum nn_precision precision; // that it runs in
    uint64_t macs;               // multiply-adds as the layers say; the program may do with fewer
    size_t weight_bytes;         // packed weights, shared by all runners
    size_t arena_bytes;          // feature maps, per runner
    int dense_count;             // face: points behind the keypoints, at most NN_DENSE_MAX
    char dense_set[32];          // face: what they mean: "ict212"
    int shape_count;             // face: blend shapes of an expression

    // Their names, ARKit's.
    char shapes[NN_SHAPES_MAX][24];
};

// Reads the weight file at path (safetensors), checks every tensor in it and
// compiles the graph, so that nothing is left to go wrong in nn_runner_run.
// Nothing of the file is needed after this call. Returns NULL and sets err on
// failure; free with nn_model_destroy. cpu_flags are mc_cpu_flags'.
struct nn_model *nn_model_load(const char *path, unsigned cpu_flags,
                               struct mc_error *err) MC_MUST_USE;

// The same in a given precision. INT8 wants a file that nn_quantiser_write made.
// Any precision works on any processor; where it has no instructions for it,
// slowly. nn_model_load is AUTO.
struct nn_model *nn_model_load_as(const char *path, unsigned cpu_flags, enum nn_precision precision,
                                  struct mc_error *err) MC_MUST_USE;

// The same from weights that have been read; nothing of them is needed after.
struct nn_model *nn_model_create(struct nn_weights *weights, unsigned cpu_flags,
                                 enum nn_precision precision, struct mc_error *err) MC_MUST_USE;

// A model of the backbone arch for inputs of size x size pixels, with invented
// weights and a landmark head of 68 keypoints as face68 has: for measuring. The
// ranges that INT8 wants are invented too.
struct nn_model *nn_model_create_random(const char *arch, int size, unsigned cpu_flags,
                                        enum nn_precision precision,
                                        struct mc_error *err) MC_MUST_USE;

// Destroy every runner first. NULL does nothing.
void nn_model_destroy(struct nn_model *model);

// Borrowed from the model.
const struct nn_model_info *nn_model_info(const struct nn_model *model);

// The compiled network, for reports and profiles. Borrowed from the model.
const struct nn_program *nn_model_program(const struct nn_model *model);

// Allocates all that inference will need. Borrows the model.
struct nn_runner *nn_runner_create(const struct nn_model *model, struct mc_error *err) MC_MUST_USE;
void nn_runner_destroy(struct nn_runner *runner);

// Spreads each run over count threads, the caller's included; a new runner has
// one. Of use for the latency of a single stream on idle cores: see team.h.
// On failure the runner stays as it was. Thread: the runner's worker.
bool nn_runner_set_threads(struct nn_runner *runner, int count, struct mc_error *err) MC_MUST_USE;

// Where the input goes: input_height x input_width x 3, RGB, normalised (see
// input_mean). Its contents are undefined after nn_runner_run, so fill it
// before each run. Valid until nn_runner_set_threads, or as long as the runner.
struct nn_tensor nn_runner_input(struct nn_runner *runner);

// Runs the network once. Neither allocates nor fails. Thread: the runner's worker.
//   keypoints  room for keypoint_count; written in pixels of the input
// Returns the score of the whole: the mean confidence of the keypoints, 0 to 1.
// Of a locator, which has no keypoints, 0.
float nn_runner_run(struct nn_runner *runner, struct mc_keypoint *keypoints);

// The latter part of it alone: the head, on what the last run left. Without
// jacobians, those stay as they were.
float nn_runner_read(struct nn_runner *runner, struct mc_keypoint *keypoints, bool jacobians);

// The same for a locator.
//   least_score  of a face; info.least_score is the one that was measured
//   faces        room for NN_FACES_MAX; the surest first, in pixels of the input
// Returns how many there are.
int nn_runner_locate(struct nn_runner *runner, float least_score, struct nn_face *faces);

// The dense points of the last run of a face model: info.dense_count, in pixels of the input.
// Valid until the next run. NULL when the model has none.
const struct mc_keypoint *nn_runner_dense(const struct nn_runner *runner);

// What the face does, from the last run of a face model; NULL when the model has no such head.
// Valid until the next run.
const struct nn_expression *nn_runner_expression(const struct nn_runner *runner);

// How the picture around each keypoint was warped in the last run: 2x2, row by row,
// see head_motion.h; NULL when the model has none. Valid until the next run.
const float (*nn_runner_jacobians(const struct nn_runner *runner))[4];
