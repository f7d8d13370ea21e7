// bench kernels: the operators of a network, at every level that the processor has.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "nn/compiler/program.h"
#include "nn/model.h"
#include "tools/lab/bench.h"
#include "tools/lab/bench_network.h"
#include "tools/lab/steps.h"

enum { LEVELS = 5, RUNS = 20, RUNS_PLAIN = 3 };

struct options {
    struct lab_bench_network network;
    long runs; // 0: by level
    bool json;
};

struct level {
    struct nn_model *model;
    const struct nn_program *program;
    double *us; // of each step
};

struct bench {
    struct level levels[LEVELS]; // plain C first
    int count;
};

static bool add_level(struct bench *bench, const struct options *options, unsigned flags,
                      struct mc_error *err)
{
    struct level *level = &bench->levels[bench->count++];
    level->model = lab_bench_network_load(&options->network, flags, err);
    if (level->model == NULL) {
        return false;
    }
    level->program = nn_model_program(level->model);
    level->us = calloc((size_t)level->program->step_count + 1, sizeof *level->us);
    if (level->us == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the measurement");
    }
    const long runs = options->runs > 0 ? options->runs : flags == 0 ? RUNS_PLAIN : RUNS;
    return lab_steps_measure(level->program, 1, runs, level->us, err);
}

static bool measure(struct bench *bench, const struct options *options, struct mc_error *err)
{
    unsigned has, variants[MC_CPU_VARIANTS_MAX];
    if (!mc_cpu_flags(&has, err)) {
        return false;
    }
    const int count = mc_cpu_variants(has, variants);
    for (int i = 0; i < count; i++) {
        const char *name = mc_cpu_level_name(variants[i]);
        const bool last = i + 1 == count || strcmp(name, mc_cpu_level_name(variants[i + 1])) != 0;
        if (last && !add_level(bench, options, variants[i], err)) {
            return false;
        }
    }
    return true;
}

// The same work on maps of the same shapes: measured several times, reported once.
static bool is_same(const struct nn_step *a, const struct nn_step *b)
{
    char a_text[LAB_STEP_TEXT], b_text[LAB_STEP_TEXT];
    lab_step_work(a, a_text);
    lab_step_work(b, b_text);
    if (strcmp(a_text, b_text) != 0) {
        return false;
    }
    lab_step_shapes(a, a_text);
    lab_step_shapes(b, b_text);
    return strcmp(a_text, b_text) == 0;
}

// The mean over all steps that are the same as step i; 0 when it isn't the first
// of them.
static double mean_us(const struct level *level, int i)
{
    double sum = 0;
    int count = 0;
    for (int j = 0; j < level->program->step_count; j++) {
        if (is_same(&level->program->steps[i], &level->program->steps[j])) {
            if (j < i) {
                return 0;
            }
            sum += level->us[j];
            count++;
        }
    }
    return sum / count;
}

static void print_row(const struct bench *bench, int i, bool json, bool first)
{
    const struct nn_step *step = &bench->levels[0].program->steps[i];
    const double plain_us = mean_us(&bench->levels[0], i);
    char work[LAB_STEP_TEXT], shapes[LAB_STEP_TEXT];
    lab_step_work(step, work);
    lab_step_shapes(step, shapes);
    printf(json ? "%s{\"work\":\"%s\",\"map\":\"%s\",\"macs\":%.0f" : "%s%-32s %-26s %7.2f",
           json && !first ? "," : "", work, shapes, (double)step->macs / (json ? 1 : 1e6));
    for (int l = 0; l < bench->count; l++) {
        const double us = mean_us(&bench->levels[l], i);
        const double gflops = 2e-3 * (double)step->macs / us;
        if (json) {
            printf(",\"%s\":{\"us\":%.3f,\"gflops\":%.2f}", bench->levels[l].program->kernels.name,
                   us, gflops);
        } else {
            printf(" %10.2f %6.1f %5.1fx", us, gflops, plain_us / us);
        }
    }
    printf(json ? "}" : "\n");
}

static void print_head(const struct bench *bench)
{
    printf("%-32s %-26s %7s", "", "", "million");
    for (int l = 0; l < bench->count; l++) {
        printf(" %24s", bench->levels[l].program->kernels.name);
    }
    printf("\n%-32s %-26s %7s", "work", "map", "MACs");
    for (int l = 0; l < bench->count; l++) {
        printf(" %10s %6s %6s", "us", "GFLOPS", "plain");
    }
    printf("\n");
}

static void print_report(const struct bench *bench, bool json)
{
    bool first = true;
    if (json) {
        printf("[");
    } else {
        print_head(bench);
    }
    for (int i = 0; i < bench->levels[0].program->step_count; i++) {
        if (mean_us(&bench->levels[0], i) > 0) {
            print_row(bench, i, json, first);
            first = false;
        }
    }
    if (json) {
        printf("]\n");
    }
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    const struct options *chosen = options;
    struct bench bench = { 0 };
    struct mc_error err = { 0 };
    bool good = measure(&bench, chosen, &err);
    // Whatever the level, the same graph becomes the same steps.
    for (int i = 1; i < bench.count && good; i++) {
        if (bench.levels[i].program->step_count != bench.levels[0].program->step_count) {
            good = mc_error_set(&err, MC_ERROR_ARGUMENT, 0, "the levels differ in their steps");
        }
    }
    if (good) {
        print_report(&bench, chosen->json);
    }
    for (int i = 0; i < bench.count; i++) {
        nn_model_destroy(bench.levels[i].model);
        free(bench.levels[i].us);
    }
    return lab_bench_status(good, &err);
}

static bool check(void *options, struct mc_error *err)
{
    return lab_bench_network_check(&((struct options *)options)->network, err);
}

static const struct mc_option table[] = {
    LAB_BENCH_NETWORK_ROWS(struct options),
    { "runs", 'n', "N", "run each level N times; default: by level", MC_OPTION_INT, .min = 1,
      .max = 1000000, MC_OPTION_FIELD(struct options, runs) },
    { "json", 0, NULL, "print JSON", MC_OPTION_BOOL, MC_OPTION_FIELD(struct options, json) },
    { 0 },
};

const struct mc_command lab_bench_kernels_command = {
    .name = "kernels",
    .summary = "time a network's operators at every instruction set that this processor has",
    .options = table,
    .options_size = sizeof(struct options),
    .check = check,
    .run = run,
};
