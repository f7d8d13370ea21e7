// Ours against ONNX Runtime: the same weights, one thread each, short batches of
// one and the other in turn, since the machine's speed drifts. Both run on the thread
// that calls them, whose own time is what counts.
//
//   bench_compare LIBRARY RUNS PRECISION MODEL.safetensors MODEL.onnx [...]
//
// PRECISION is f32, or int8, where our activation ranges are those for the image that is
// measured, and theirs are part of the graph (see tools/onnx_quantised.py).
//
// Both end in the heat maps' logits, which are compared first. Each batch begins
// with a run that isn't counted, so that neither pays for what the other left
// in the caches. The ratio is that of the medians; beside it the middle half of
// the ratios of neighbouring batches.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "nn/compiler/program.h"
#include "nn/compiler/ranges.h"
#include "nn/graph/weights.h"
#include "nn/kernels/peak.h"
#include "nn/model.h"
#include "nn/quantise.h"
#include "tools/lab/onnxruntime.h"
#include "tools/lab/samples.h"

enum { BATCH = 5 };

// As large as the difference of the logits may be: of float32, the largest difference over the
// largest logit; of int8, where every rounding moves all logits a little, the root mean square
// difference over that of the logits. Theirs rounds a convolution's result before a residual is
// added, ours doesn't, and random weights pass on what differs.
static const double tolerance_f32 = 1e-3, tolerance_int8 = 0.3;

struct bout {
    struct nn_model *model;
    const struct nn_program *program;
    float *arena;
    float *image;                                   // height x width x channels, for ours
    struct ort_tensor input, output;                // channels x height x width, for theirs
    struct ort_session *session;                    //
    struct lab_samples ours, theirs, ratios, peaks; // ms, ms, 1, GFLOP/s
};

static void die(const char *message)
{
    fprintf(stderr, "bench_compare: %s\n", message);
    exit(1);
}

static void add(struct lab_samples *samples, double value)
{
    if (!lab_samples_add(samples, value)) {
        die("out of memory for the samples");
    }
}

static bool tensor_alloc(struct ort_tensor *tensor, const char *name, const struct nn_view *view)
{
    *tensor = (struct ort_tensor){ name, NULL, view->channels, view->height, view->width };
    size_t floats = (size_t)view->channels * (size_t)view->height * (size_t)view->width;
    tensor->data = mc_memory_alloc(floats * sizeof *tensor->data);
    return tensor->data != NULL;
}

// Fills the image with noise from -0.5 to 0.5, in both layouts.
static void make_picture(struct bout *bout)
{
    const struct ort_tensor *input = &bout->input;
    const int pixels = input->height * input->width;
    unsigned seed = 1;
    for (int i = 0; i < pixels * input->channels; i++) {
        seed = seed * 1664525u + 1013904223u;
        bout->image[i] = (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
        input->data[i % input->channels * pixels + i / input->channels] = bout->image[i];
    }
}

// Adds the activation ranges for the image to the weights.
static bool calibrate(struct bout *bout, struct nn_weights *weights, struct mc_error *err)
{
    struct nn_quantiser *quantiser = nn_quantiser_create(nn_model_program(bout->model), err);
    if (quantiser == NULL) {
        return false;
    }
    struct nn_tensor input = nn_quantiser_input(quantiser);
    nn_tensor_fill(&input, bout->image);
    nn_quantiser_run(quantiser);
    struct nn_ranges *ranges = nn_quantiser_ranges(quantiser, err);
    char *text = ranges == NULL ? NULL : nn_ranges_write(ranges, err);
    const bool good = text != NULL && nn_weights_set_metadata(weights, NN_RANGES_KEY, text, err);
    free(text);
    nn_ranges_destroy(ranges);
    nn_quantiser_destroy(quantiser);
    return good;
}

static bool alloc_image(struct bout *bout, struct mc_error *err)
{
    const struct nn_view *input = &nn_model_program(bout->model)->input;
    size_t floats = (size_t)input->channels * (size_t)input->height * (size_t)input->width;
    bout->image = mc_memory_alloc(floats * sizeof *bout->image);
    if (bout->image == NULL || !tensor_alloc(&bout->input, "image", input)) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the image");
    }
    make_picture(bout);
    return true;
}

// The float32 model, and from it that of the precision.
static bool load(struct bout *bout, unsigned cpu_flags, enum nn_precision precision,
                 const char *path, struct mc_error *err)
{
    struct nn_weights *weights = nn_weights_load(path, err);
    if (weights == NULL) {
        return false;
    }
    bout->model = nn_model_create(weights, cpu_flags, NN_PRECISION_F32, err);
    bool good = bout->model != NULL && alloc_image(bout, err);
    if (good && precision != NN_PRECISION_F32) {
        good = calibrate(bout, weights, err);
        nn_model_destroy(bout->model);
        bout->model = good ? nn_model_create(weights, cpu_flags, precision, err) : NULL;
        good = bout->model != NULL;
    }
    nn_weights_destroy(weights);
    return good;
}

static bool prepare(struct bout *bout, struct ort *ort, unsigned cpu_flags,
                    enum nn_precision precision, const char *weights, const char *onnx,
                    struct mc_error *err)
{
    if (!load(bout, cpu_flags, precision, weights, err)) {
        return false;
    }
    bout->program = nn_model_program(bout->model);
    bout->arena = mc_memory_alloc(bout->program->arena_floats * sizeof *bout->arena);
    if (bout->arena == NULL ||
        !tensor_alloc(&bout->output, "heatmaps", &bout->program->outputs[0])) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for %s", weights);
    }
    bout->session = ort_session_create(ort, onnx, &bout->input, &bout->output, err);
    return bout->session != NULL;
}

static void finish(struct bout *bout)
{
    ort_session_destroy(bout->session);
    nn_model_destroy(bout->model);
    mc_memory_free(bout->arena);
    mc_memory_free(bout->image);
    mc_memory_free(bout->input.data);
    mc_memory_free(bout->output.data);
    lab_samples_finish(&bout->ours);
    lab_samples_finish(&bout->theirs);
    lab_samples_finish(&bout->ratios);
    lab_samples_finish(&bout->peaks);
}

// A run of either side; returns its time, ms.
typedef double run_fn(struct bout *bout);

static double ms_since(int64_t begin_ns)
{
    return (double)(mc_clock_thread_ns() - begin_ns) / (double)MC_NS_PER_MS;
}

static double run_ours(struct bout *bout)
{
    struct nn_tensor input = nn_view_tensor(&bout->program->input, bout->arena);
    nn_tensor_fill(&input, bout->image);
    const int64_t begin_ns = mc_clock_thread_ns();
    nn_program_run(bout->program, bout->arena);
    return ms_since(begin_ns);
}

static double run_theirs(struct bout *bout)
{
    struct mc_error err;
    const int64_t begin_ns = mc_clock_thread_ns();
    if (!ort_session_run(bout->session, &err)) {
        die(err.message);
    }
    return ms_since(begin_ns);
}

// The difference between the logits; see tolerance_f32.
static double difference(struct bout *bout)
{
    run_ours(bout);
    run_theirs(bout);
    struct nn_tensor maps = nn_view_tensor(&bout->program->outputs[0], bout->arena);
    const float *theirs = bout->output.data;
    double most = DBL_MIN, worst = 0, squares = DBL_MIN, apart_squares = 0;
    for (int c = 0; c < maps.channels; c++) {
        for (int y = 0; y < maps.height; y++) {
            for (int x = 0; x < maps.width; x++, theirs++) {
                double apart = fabs((double)nn_tensor_at(&maps, y, x)[c] - (double)*theirs);
                worst = isfinite(apart) ? fmax(worst, apart) : INFINITY;
                most = fmax(most, fabs((double)*theirs));
                apart_squares += apart * apart;
                squares += (double)*theirs * (double)*theirs;
            }
        }
    }
    return nn_model_info(bout->model)->precision == NN_PRECISION_INT8
               ? sqrt(apart_squares / squares)
               : worst / most;
}

// Adds a batch's times to samples and returns their median.
static double run_batch(struct bout *bout, run_fn *run, struct lab_samples *samples)
{
    struct lab_samples batch = { 0 };
    run(bout);
    for (int i = 0; i < BATCH; i++) {
        const double ms = run(bout);
        add(&batch, ms);
        add(samples, ms);
    }
    double median = lab_samples_quantile(&batch, 0.5);
    lab_samples_finish(&batch);
    return median;
}

static void print_head(const struct ort *ort, unsigned cpu_flags, enum nn_precision precision,
                       int runs)
{
    printf("ours: %s kernels; theirs: ONNX Runtime %s; both %s, one thread each, %d runs of each\n",
           mc_cpu_level_name(cpu_flags), ort_version(ort), nn_precision_name(precision), runs);
    printf("ms; share of the peak of this core's float32 multiply-adds, measured in between\n\n");
    printf("%-18s %-25s  %-25s\n", "", "ours", "ONNX Runtime");
    printf("%-9s %-8s %8s %8s %7s  %8s %8s %7s  %7s %-13s %s\n", "network", "input", "median",
           "min", "of peak", "median", "min", "of peak", "faster", "(middle half)", "logits apart");
}

static void print_side(struct lab_samples *ms, double gflop, double peak)
{
    double median = lab_samples_quantile(ms, 0.5);
    printf(" %8.3f %8.3f %6.1f%% ", median, lab_samples_quantile(ms, 0),
           100 * gflop / (median * 1e-3) / peak);
}

static void report(struct bout *bout, double apart)
{
    const struct nn_model_info *info = nn_model_info(bout->model);
    const double peak = lab_samples_quantile(&bout->peaks, 0.5);
    const double gflop = 2e-9 * (double)info->macs;
    char size[16];
    snprintf(size, sizeof size, "%dx%d", info->input_width, info->input_height);
    printf("%-9s %-8s", info->arch, size);
    print_side(&bout->ours, gflop, peak);
    print_side(&bout->theirs, gflop, peak);
    printf(" %6.2fx (%.2f to %.2f)  %.1e\n",
           lab_samples_quantile(&bout->theirs, 0.5) / lab_samples_quantile(&bout->ours, 0.5),
           lab_samples_quantile(&bout->ratios, 0.25), lab_samples_quantile(&bout->ratios, 0.75),
           apart);
    fflush(stdout);
}

static bool fight(struct bout *bout, unsigned cpu_flags, int runs, struct mc_error *err)
{
    const double apart = difference(bout);
    const bool is_int8 = nn_model_info(bout->model)->precision == NN_PRECISION_INT8;
    if (!(apart <= (is_int8 ? tolerance_int8 : tolerance_f32))) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "logits differ by %.2g of %s", apart,
                            is_int8 ? "theirs" : "the largest");
    }
    for (int done = 0; done < runs; done += BATCH) {
        const double ours = run_batch(bout, run_ours, &bout->ours);
        const double theirs = run_batch(bout, run_theirs, &bout->theirs);
        add(&bout->ratios, theirs / ours);
        add(&bout->peaks, nn_peak_gflops(cpu_flags));
    }
    report(bout, apart);
    return true;
}

int main(int argc, char **argv)
{
    const int runs = argc > 2 ? atoi(argv[2]) : 0;
    enum nn_precision precision;
    if (argc < 6 || argc % 2 != 0 || runs < 1 || !nn_precision_parse(argv[3], &precision)) {
        fprintf(stderr,
                "usage: bench_compare LIBRARY RUNS PRECISION MODEL.safetensors MODEL.onnx ...\n");
        return 2;
    }
    struct mc_error err = { 0 };
    unsigned cpu_flags;
    struct ort *ort = mc_cpu_flags(&cpu_flags, &err) ? ort_open(argv[1], &err) : NULL;
    if (ort == NULL) {
        die(err.message);
    }
    print_head(ort, cpu_flags, precision, runs);
    bool good = true;
    for (int i = 4; i < argc && good; i += 2) {
        struct bout bout = { 0 };
        good = prepare(&bout, ort, cpu_flags, precision, argv[i], argv[i + 1], &err) &&
               fight(&bout, cpu_flags, runs, &err);
        finish(&bout);
    }
    ort_close(ort);
    if (!good) {
        die(err.message);
    }
    return 0;
}
