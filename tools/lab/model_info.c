// mocap-lab model info: what a weight file holds and what it costs.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cpu.h"
#include "nn/compiler/program.h"
#include "nn/compiler/ranges.h"
#include "nn/graph/weights.h"
#include "nn/model.h"
#include "tools/lab/lab.h"
#include "tools/lab/model_calibrate.h"
#include "tools/lab/steps.h"
#include "tools/terminal.h"

static void print_metadata(void *user, const char *key, const char *value)
{
    (void)user;
    if (strcmp(key, NN_RANGES_KEY) == 0) { // long, and counted above
        return;
    }
    printf("  ");
    tools_write_text(stdout, key);
    printf(" = ");
    tools_write_text(stdout, value);
    printf("\n");
}

static void print_size(const char *what, size_t bytes, const char *note)
{
    printf("%-14s %.2f MB (%zu bytes)%s\n", what, (double)bytes / 1e6, bytes, note);
}

static void print_precisions(const struct nn_model_info *info)
{
    if (info->range_count > 0) {
        printf("%-14s of %d feature maps, so int8 can run\n", "ranges", info->range_count);
    } else {
        printf("%-14s none, so int8 cannot run: see mocap-lab model calibrate\n", "ranges");
    }
    for (int i = NN_PRECISION_BF16; i < NN_PRECISION_COUNT; i++) {
        printf("%-14s ", i == NN_PRECISION_BF16 ? "deviation" : "");
        if (info->deviation[i] < 0) {
            printf("%s not measured\n", nn_precision_name((enum nn_precision)i));
        } else {
            printf("%s %.3f %% of %s\n", nn_precision_name((enum nn_precision)i),
                   (double)info->deviation[i], nn_model_deviation_unit(info->head));
        }
    }
    printf("%-14s %s: what auto takes on this processor, of deviations below %g %%\n", "precision",
           nn_precision_name(info->precision), (double)nn_model_deviation_limit(info->head));
}

static void print_info(const struct nn_model_info *info, unsigned cpu_flags)
{
    printf("%-14s %s\n", "network", info->arch);
    const bool locates = info->head == NN_HEAD_LOCATOR;
    const bool expresses = info->head == NN_HEAD_EXPRESSION;
    printf("%-14s %s\n", "output",
           locates     ? "boxes of faces"
           : expresses ? "expressions"
                       : "keypoints");
    if (info->keypoint_count > 0) {
        printf("%-14s %d, %s\n", "keypoints", info->keypoint_count, info->keypoint_set);
    }
    if (info->head == NN_HEAD_FACE) {
        printf("%-14s %d, %s\n", "dense points", info->dense_count, info->dense_set);
    }
    if (info->shape_count > 0) {
        printf("%-14s %d shapes, gaze of both eyes, turn of the head\n", "expression",
               info->shape_count);
    }
    printf("%-14s %d x %d RGB, value / 255 - %g\n", "input", info->input_width, info->input_height,
           (double)info->input_mean);
    printf("%-14s %d x %d\n", "maps", info->map_width, info->map_height);
    if (locates) {
        printf("%-14s score of at least %g\n", "threshold", (double)info->least_score);
    } else if (expresses) {
        printf("%-14s both eyes, mouth and face, around 68 landmarks\n", "crops");
    } else {
        printf("%-14s %g times the larger edge of the keypoints' box\n", "crop",
               (double)info->crop_margin);
    }
    printf("%-14s %zu\n", "parameters", info->parameter_count);
    printf("%-14s %.1f million in one run\n", "multiply-adds", (double)info->macs / 1e6);
    print_size("weights", info->weight_bytes, ", shared by all workers");
    print_size("feature maps", info->arena_bytes, ", for each worker");
    print_precisions(info);
    printf("%-14s %s\n", "kernels", mc_cpu_level_name(cpu_flags));
}

// Each step of the program, in its order.
static void print_plan(const struct nn_program *program)
{
    printf("\nplan, with %s kernels\n%-22s %-32s %-26s %9s %9s %9s\n", program->kernels.name,
           "step", "work", "map", "MACs", "bytes", "at byte");
    uint64_t bytes = 0;
    for (int i = 0; i < program->step_count; i++) {
        const struct nn_step *step = &program->steps[i];
        char work[LAB_STEP_TEXT], shapes[LAB_STEP_TEXT];
        lab_step_work(step, work);
        lab_step_shapes(step, shapes);
        const uint64_t step_bytes = lab_step_bytes(program, step);
        bytes += step_bytes;
        printf("%-22s %-32s %-26s %9" PRIu64 " %9" PRIu64 " %9zu\n", step->name, work, shapes,
               step->macs, step_bytes, step->out.offset);
    }
    printf("%-22s %-32s %-26s %9" PRIu64 " %9" PRIu64 " %9zu\n", "all", "", "", program->macs,
           bytes, program->arena_floats * sizeof(float));
}

static void print_license(const struct nn_weights *weights)
{
    const char *license = nn_weights_metadata(weights, "mocap.license");
    printf("%-14s ", "license");
    tools_write_text(stdout, license != NULL ? license : "not given in the file");
    printf("\n");
}

static bool describe(const char *path, bool with_plan, struct mc_error *err)
{
    struct stat file;
    if (stat(path, &file) != 0) {
        return mc_error_set_errno(err, "%s", path);
    }
    unsigned cpu_flags;
    if (!mc_cpu_flags(&cpu_flags, err)) {
        return false;
    }
    struct nn_model *model = nn_model_load(path, cpu_flags, err);
    struct nn_weights *weights = model != NULL ? nn_weights_load(path, err) : NULL;
    if (weights != NULL) {
        printf("%-14s ", "file");
        tools_write_text(stdout, path);
        printf("\n");
        print_size("size", (size_t)file.st_size, "");
        print_info(nn_model_info(model), cpu_flags);
        print_license(weights);
        printf("metadata\n");
        nn_weights_each_metadata(weights, print_metadata, NULL);
        if (with_plan) {
            print_plan(nn_model_program(model));
        }
    }
    bool described = weights != NULL;
    nn_weights_destroy(weights);
    nn_model_destroy(model);
    return described;
}

struct options {
    const char *file;
    bool plan;
};

static int run(const void *options, const void *globals)
{
    (void)globals;
    const struct options *chosen = options;
    struct mc_error err = { 0 };
    if (!describe(chosen->file, chosen->plan, &err)) {
        tools_complain("%s", err.message);
        return MC_EXIT_FAILED;
    }
    return MC_EXIT_OK;
}

static const struct mc_option table[] = {
    { "FILE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "a weight file (.safetensors)", MC_OPTION_FIELD(struct options, file) },
    { "plan", 0, NULL, "list every step of the program: work, sizes, cost", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct options, plan) },
    { 0 },
};

static const struct mc_command info_command = {
    .name = "info",
    .summary = "print what a weight file holds and what it costs to run",
    .options = table,
    .options_size = sizeof(struct options),
    .run = run,
};

static const struct mc_command *const commands[] = { &info_command, &lab_model_calibrate_command,
                                                     NULL };

const struct mc_command lab_model_command = {
    .name = "model",
    .summary = "describe weight files, and calibrate them for int8 and bf16",
    .commands = commands,
};
