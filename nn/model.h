// Models: an image goes in and keypoints come out, or, from a locator, boxes of faces, or, from
// an expression model, what a face does.
//
// A model holds the weights and the compiled program and never changes once loaded: all
// threads share one. A runner holds the memory of one inference: each worker has its own.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/keypoint.h"
#include "nn/heads/detection.h"
#include "nn/heads/head_expression.h"
#include "nn/precision.h"
#include "nn/tensor.h"

struct nn_model;
struct nn_program;
struct nn_weights;
struct nn_runner;

// The models that ship with the program, among its data files (base/path.h).
#define NN_MODEL_DEFAULT_FILE "face68.safetensors"
#define NN_LOCATOR_DEFAULT_FILE "face-locator.safetensors"
#define NN_EXPRESSION_DEFAULT_FILE "expression.safetensors"

enum { NN_KEYPOINTS_MAX = 128, NN_DENSE_MAX = 256, NN_EXPRESSION_CROPS = 4 };

enum nn_head {
    NN_HEAD_LANDMARK, // keypoints: nn_runner_run
    NN_HEAD_LOCATOR,  // detections of faces: nn_runner_locate
    NN_HEAD_MOTION,   // keypoints and their Jacobians: nn_runner_jacobians
    NN_HEAD_FACE,     // keypoints, dense points; with shapes also nn_runner_expression
    // An expression from crops around known landmarks: nn_runner_express.
    NN_HEAD_EXPRESSION,
};

struct nn_model_info {
    char arch[32];               // name of the backbone, as in "lednet"
    enum nn_head head;           // what the model computes
    char keypoint_set[32];       // the meaning of the keypoints, as in "ibug68"
    int input_width;             // pixels
    int input_height;            // pixels
    int keypoint_count;          // at most NN_KEYPOINTS_MAX
    int map_width;               // heat maps, cells
    int map_height;              // heat maps, cells
    float input_mean;            // an input value is byte / 255 - input_mean
    float crop_margin;           // the crop's edge over the larger edge of the keypoints' box
    bool has_jacobians;          // motion: one per keypoint
    float least_score;           // locator: the score from which on a detection is a face
    float forehead;              // locator: what a box adds above the landmarks, over their height
    size_t parameter_count;      // trained parameters
    enum nn_precision precision; // the one in use; not AUTO
    bool precision_is_slow;      // slower than F32 on this processor
    int range_count;             // of feature maps, which INT8 requires; 0: the file has none

    // How far each precision's results lie from F32's; negative: not measured. Percent, see
    // nn_model_deviation_unit.
    float deviation[NN_PRECISION_COUNT];
    uint64_t macs;       // multiply-adds by definition; the program may need fewer
    size_t weight_bytes; // packed weights, shared by all runners
    size_t arena_bytes;  // feature maps, per runner
    int dense_count;     // face: points behind the keypoints, at most NN_DENSE_MAX
    char dense_set[32];  // face: what they mean: "ict212"
    int shape_count;     // face, expression: blend shapes of an expression

    // Their names, ARKit's.
    char shapes[NN_SHAPES_MAX][24];
};

// Metadata of a weight file beside NN_RANGES_KEY: a precision's deviation.
enum { NN_MODEL_DEVIATION_KEY_BYTES = 32 };
void nn_model_deviation_key(enum nn_precision precision, char key[NN_MODEL_DEVIATION_KEY_BYTES]);

// What a deviation is a percentage of.
const char *nn_model_deviation_unit(enum nn_head head);

// AUTO chooses among precisions whose deviation is below this, percent.
float nn_model_deviation_limit(enum nn_head head);

// Reads the weight file at path (safetensors), checks every tensor in it and compiles the
// network, so that nothing is left to go wrong in nn_runner_run. Chooses the precision as
// AUTO does. The file may go away afterwards. Returns NULL and sets err on failure; free
// with nn_model_destroy. cpu_flags: see base/cpu.h. Any thread.
struct nn_model *nn_model_load(const char *path, unsigned cpu_flags,
                               struct mc_error *err) MC_MUST_USE;

// The same in a given precision. INT8 requires activation ranges in the file. Any precision
// works on any processor, but slowly where it has no instructions for it; AUTO then takes F32.
struct nn_model *nn_model_load_as(const char *path, unsigned cpu_flags, enum nn_precision precision,
                                  struct mc_error *err) MC_MUST_USE;

// The same from weights in memory, which it borrows for the call.
struct nn_model *nn_model_create(struct nn_weights *weights, unsigned cpu_flags,
                                 enum nn_precision precision, struct mc_error *err) MC_MUST_USE;

// A model with random weights (and, for INT8, the ranges that result), for benchmarks: the
// backbone arch with a landmark head of 68 keypoints like face68's, for size x size pixels. AUTO is
// F32.
struct nn_model *nn_model_create_random(const char *arch, int size, unsigned cpu_flags,
                                        enum nn_precision precision,
                                        struct mc_error *err) MC_MUST_USE;

// Destroy every runner first. NULL does nothing.
void nn_model_destroy(struct nn_model *model);

// Borrowed from the model.
const struct nn_model_info *nn_model_info(const struct nn_model *model);

// The compiled network, for reports and profiles. Borrowed from the model.
const struct nn_program *nn_model_program(const struct nn_model *model);

// Allocates all memory that inference needs. Borrows the model. NULL and err on failure.
struct nn_runner *nn_runner_create(const struct nn_model *model, struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void nn_runner_destroy(struct nn_runner *runner);

// Spreads each run over count threads, the caller's included; a new runner uses one. Lowers
// the latency of a single stream if there are idle cores; see nn/thread_pool.h. On failure
// the runner is unchanged. Thread: the runner's worker.
bool nn_runner_set_threads(struct nn_runner *runner, int count, struct mc_error *err) MC_MUST_USE;

// The input: input_height x input_width x 3, RGB, normalised (see input_mean). A run leaves
// its contents undefined, so fill it before each. Valid until nn_runner_set_threads or
// nn_runner_destroy.
struct nn_tensor nn_runner_input(struct nn_runner *runner);

// Runs the network once. Neither allocates nor fails. Thread: the runner's worker.
//   keypoints  room for keypoint_count; receives positions in pixels of the input
// Returns the mean confidence of the keypoints, 0 to 1; 0 for a locator, which has none.
float nn_runner_run(struct nn_runner *runner, struct mc_keypoint *keypoints);

// Reads the keypoints of the last run once more, without running the network.
// jacobians: whether to update nn_runner_jacobians, too.
float nn_runner_read(struct nn_runner *runner, struct mc_keypoint *keypoints, bool jacobians);

// As nn_runner_run, for a locator.
//   least_score  the score threshold; info.least_score is the one that was calibrated
//   detections   room for NN_DETECTIONS_MAX; the highest-scoring first, in pixels of the
//                input
// Returns how many there are.
int nn_runner_locate(struct nn_runner *runner, float least_score, struct nn_detection *detections);

// One of the NN_EXPRESSION_CROPS crops that are the input of an expression model: the square
// around a face with these 68 landmarks, in their unit. The input shows the crops in two rows of
// two, from left to right: the person's right eye, left eye, mouth, face.
struct nn_expression_crop nn_model_crop(const struct nn_model *model, int index,
                                        const struct mc_keypoint *landmarks);

// As nn_runner_run, for an expression model.
//   landmarks  the 68 by which the input was cut, in pixels of one of its crops
// The result is valid until the next run.
const struct nn_expression *nn_runner_express(struct nn_runner *runner,
                                              const struct mc_keypoint *landmarks);

// The dense points of the last run of a face model: info.dense_count, in pixels of the input.
// NULL if the model has none. Valid until the next run.
const struct mc_keypoint *nn_runner_dense(const struct nn_runner *runner);

// The expression in the last run of a face model with shapes; NULL of any other model. Valid
// until the next run.
const struct nn_expression *nn_runner_expression(const struct nn_runner *runner);

// The Jacobian of each keypoint in the last run: 2x2, row-major; see nn/heads/head_motion.h.
// NULL if the model has none. Valid until the next run.
const float (*nn_runner_jacobians(const struct nn_runner *runner))[4];
