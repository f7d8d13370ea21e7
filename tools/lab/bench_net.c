// bench net: the forward pass as a whole, and its steps.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "nn/compiler/program.h"
#include "nn/kernels/peak.h"
#include "nn/model.h"
#include "nn/thread_pool.h"
#include "tools/lab/bench.h"
#include "tools/lab/bench_network.h"
#include "tools/lab/samples.h"
#include "tools/lab/steps.h"

enum { BATCH = 5, PROFILE_RUNS = 50 };

struct options {
    struct lab_bench_network network;
    int threads;
    long runs;    // 0: as many as fit into seconds
    long seconds; //
    bool profile, json;
};

struct bench {
    const struct options *options;
    unsigned cpu_flags;
    struct nn_model *model;
    struct nn_runner *runner;
    float *noise;                        // what each run is given
    struct lab_samples runs_ms, head_ms; //
    struct lab_samples peak_gflops;      // of one core, between the batches
    double *step_us;                     // with --profile
};

static bool no_memory(struct mc_error *err)
{
    return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the measurement");
}

static float *make_noise(size_t count)
{
    float *noise = mc_memory_alloc(count * sizeof *noise);
    unsigned seed = 1;
    for (size_t i = 0; i < count && noise != NULL; i++) {
        seed = seed * 1664525u + 1013904223u;
        noise[i] = (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
    }
    return noise;
}

static bool prepare(struct bench *bench, struct mc_error *err)
{
    const struct options *options = bench->options;
    if (!mc_cpu_flags(&bench->cpu_flags, err)) {
        return false;
    }
    bench->model = lab_bench_network_load(&options->network, bench->cpu_flags, err);
    if (bench->model == NULL) {
        return false;
    }
    bench->runner = nn_runner_create(bench->model, err);
    if (bench->runner == NULL ||
        (options->threads > 1 && !nn_runner_set_threads(bench->runner, options->threads, err))) {
        return false;
    }
    const struct nn_model_info *info = nn_model_info(bench->model);
    bench->noise = make_noise((size_t)info->input_width * (size_t)info->input_height * 3);
    return bench->noise != NULL || no_memory(err);
}

static void finish(struct bench *bench)
{
    nn_runner_destroy(bench->runner);
    nn_model_destroy(bench->model);
    mc_memory_free(bench->noise);
    lab_samples_finish(&bench->runs_ms);
    lab_samples_finish(&bench->head_ms);
    lab_samples_finish(&bench->peak_gflops);
    free(bench->step_us);
}

static double ms_since(int64_t begin_ns)
{
    return (double)(mc_clock_now_ns() - begin_ns) / (double)MC_NS_PER_MS;
}

static double run_once(struct bench *bench)
{
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    struct nn_tensor input = nn_runner_input(bench->runner);
    nn_tensor_fill(&input, bench->noise);
    const int64_t begin_ns = mc_clock_now_ns();
    nn_runner_run(bench->runner, keypoints);
    return ms_since(begin_ns);
}

static double run_head(struct bench *bench)
{
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    const int64_t begin_ns = mc_clock_now_ns();
    nn_runner_read(bench->runner, keypoints, true);
    return ms_since(begin_ns);
}

// Batches of runs with the peak and the head in between.
static bool measure(struct bench *bench, struct mc_error *err)
{
    const struct options *options = bench->options;
    const size_t runs = (size_t)options->runs;
    const int64_t end_ns = mc_clock_now_ns() + options->seconds * MC_NS_PER_SECOND;
    run_once(bench);
    while (runs > 0 ? bench->runs_ms.count < runs : mc_clock_now_ns() < end_ns) {
        for (int i = 0; i < BATCH && (runs == 0 || bench->runs_ms.count < runs); i++) {
            if (!lab_samples_add(&bench->runs_ms, run_once(bench))) {
                return no_memory(err);
            }
        }
        if (!lab_samples_add(&bench->peak_gflops, nn_peak_gflops(bench->cpu_flags)) ||
            !lab_samples_add(&bench->head_ms, run_head(bench))) {
            return no_memory(err);
        }
    }
    if (!options->profile) {
        return true;
    }
    const struct nn_program *program = nn_model_program(bench->model);
    bench->step_us = calloc((size_t)program->step_count + 1, sizeof *bench->step_us);
    return bench->step_us != NULL
               ? lab_steps_measure(program, options->threads, PROFILE_RUNS, bench->step_us, err)
               : no_memory(err);
}

// ---- the report -------------------------------------------------------------------

struct result {
    double median_ms, min_ms, p90_ms, head_ms; // runs with the head; the head alone
    double gflops, peak_gflops;                // of the network without the head; of all threads
};

static struct result evaluate(struct bench *bench)
{
    struct result result = {
        .median_ms = lab_samples_quantile(&bench->runs_ms, 0.5),
        .min_ms = lab_samples_quantile(&bench->runs_ms, 0),
        .p90_ms = lab_samples_quantile(&bench->runs_ms, 0.9),
        .head_ms = lab_samples_quantile(&bench->head_ms, 0.5),
        .peak_gflops =
            lab_samples_quantile(&bench->peak_gflops, 0.5) * (double)bench->options->threads,
    };
    result.gflops =
        2e-6 * (double)nn_model_program(bench->model)->macs / (result.median_ms - result.head_ms);
    return result;
}

static double step_gflops(const struct nn_step *step, double us)
{
    return us > 0 ? 2e-3 * (double)step->macs / us : 0;
}

static double sum_steps(const struct bench *bench)
{
    double sum = 0;
    for (int i = 0; i < nn_model_program(bench->model)->step_count; i++) {
        sum += bench->step_us[i];
    }
    return sum;
}

static void print_steps(const struct bench *bench)
{
    const struct nn_program *program = nn_model_program(bench->model);
    const double all = sum_steps(bench);
    printf("\n%-22s %-32s %-26s %9s %8s %6s\n", "step", "work", "map", "us", "GFLOP/s", "share");
    for (int i = 0; i < program->step_count; i++) {
        const struct nn_step *step = &program->steps[i];
        char work[LAB_STEP_TEXT], shapes[LAB_STEP_TEXT];
        lab_step_work(step, work);
        lab_step_shapes(step, shapes);
        printf("%-22s %-32s %-26s %9.2f %8.1f %5.1f%%\n", step->name, work, shapes,
               bench->step_us[i], step_gflops(step, bench->step_us[i]),
               100 * bench->step_us[i] / all);
    }
}

// Each kind once, where it comes first.
static void print_kinds(const struct bench *bench)
{
    const struct nn_program *program = nn_model_program(bench->model);
    const double all = sum_steps(bench);
    printf("\n%-22s %6s %9s %8s %6s\n", "kind", "steps", "us", "GFLOP/s", "share");
    for (int i = 0; i < program->step_count; i++) {
        char kind[LAB_STEP_TEXT], other[LAB_STEP_TEXT];
        lab_step_kind(&program->steps[i], kind);
        double us = 0, macs = 0;
        int count = 0, first = i;
        for (int j = 0; j < program->step_count; j++) {
            lab_step_kind(&program->steps[j], other);
            if (strcmp(kind, other) == 0) {
                first = j < first ? j : first;
                us += bench->step_us[j];
                macs += (double)program->steps[j].macs;
                count++;
            }
        }
        if (first == i) {
            printf("%-22s %6d %9.2f %8.1f %5.1f%%\n", kind, count, us, 2e-3 * macs / us,
                   100 * us / all);
        }
    }
}

static void print_text(const struct bench *bench, const struct result *result)
{
    const struct nn_model_info *info = nn_model_info(bench->model);
    printf("%-14s %s, %d x %d, %s, %s kernels, %d thread%s\n", "network", info->arch,
           info->input_width, info->input_height, nn_precision_name(info->precision),
           nn_model_program(bench->model)->kernels.name, bench->options->threads,
           bench->options->threads == 1 ? "" : "s");
    printf("%-14s %.3f ms median, %.3f min, %.3f at 90 %%, of %zu runs\n", "forward pass",
           result->median_ms, result->min_ms, result->p90_ms, bench->runs_ms.count);
    const struct nn_program *program = nn_model_program(bench->model);
    printf("%-14s %.3f ms of it\n", "head", result->head_ms);
    printf("%-14s %.1f GFLOP/s (%.1f million multiply-adds), without the head\n", "speed",
           result->gflops, (double)program->macs / 1e6);
    printf("%-14s %.1f GFLOP/s in float32, measured in between: %.1f %% reached\n", "peak",
           result->peak_gflops, 100 * result->gflops / result->peak_gflops);
    if (bench->options->profile) {
        print_steps(bench);
        print_kinds(bench);
    }
}

static void print_json(const struct bench *bench, const struct result *result)
{
    const struct nn_model_info *info = nn_model_info(bench->model);
    const struct nn_program *program = nn_model_program(bench->model);
    printf("{\"arch\":\"%s\",\"width\":%d,\"height\":%d,\"precision\":\"%s\",\"kernels\":\"%s\","
           "\"threads\":%d,\"runs\":%zu,\"median_ms\":%.4f,\"min_ms\":%.4f,\"p90_ms\":%.4f,"
           "\"head_ms\":%.4f,\"macs\":%.0f,\"gflops\":%.2f,\"peak_gflops\":%.2f,\"of_peak\":%.4f",
           info->arch, info->input_width, info->input_height, nn_precision_name(info->precision),
           program->kernels.name, bench->options->threads, bench->runs_ms.count, result->median_ms,
           result->min_ms, result->p90_ms, result->head_ms, (double)info->macs, result->gflops,
           result->peak_gflops, result->gflops / result->peak_gflops);
    if (bench->options->profile) {
        printf(",\"steps\":[");
        for (int i = 0; i < program->step_count; i++) {
            const struct nn_step *step = &program->steps[i];
            char work[LAB_STEP_TEXT], shapes[LAB_STEP_TEXT];
            lab_step_work(step, work);
            lab_step_shapes(step, shapes);
            printf("%s{\"name\":\"%s\",\"work\":\"%s\",\"map\":\"%s\",\"macs\":%.0f,\"bytes\":%.0f,"
                   "\"us\":%.3f}",
                   i == 0 ? "" : ",", step->name, work, shapes, (double)step->macs,
                   (double)lab_step_bytes(program, step), bench->step_us[i]);
        }
        printf("]");
    }
    printf("}\n");
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct bench bench = { .options = options };
    struct mc_error err = { 0 };
    const bool good = prepare(&bench, &err) && measure(&bench, &err);
    if (good) {
        struct result result = evaluate(&bench);
        (bench.options->json ? print_json : print_text)(&bench, &result);
    }
    finish(&bench);
    return lab_bench_status(good, &err);
}

static bool check(void *options, struct mc_error *err)
{
    return lab_bench_network_check(&((struct options *)options)->network, err);
}

static const struct mc_option table[] = {
    LAB_BENCH_NETWORK_ROWS(struct options),
    { "threads", 't', "N", "threads of one forward pass; default: 1", MC_OPTION_INT, .min = 1,
      .max = NN_THREADS_MAX, MC_OPTION_FIELD(struct options, threads) },
    { "seconds", 0, "S", "run for S seconds; default: 2", MC_OPTION_INT, .min = 1, .max = 3600,
      MC_OPTION_FIELD(struct options, seconds) },
    { "runs", 'n', "N", "run N times instead", MC_OPTION_INT, .min = 1, .max = 1000000,
      MC_OPTION_FIELD(struct options, runs) },
    { "profile", 0, NULL, "print the time of every step too", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct options, profile) },
    { "json", 0, NULL, "print JSON", MC_OPTION_BOOL, MC_OPTION_FIELD(struct options, json) },
    { 0 },
};

static const struct options defaults = { .threads = 1, .seconds = 2 };

const struct mc_command lab_bench_net_command = {
    .name = "net",
    .summary = "time the forward pass of a network",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .check = check,
    .run = run,
};
