// mocapctl model: what a weight file holds and what it costs.
#include "nn/model.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cpu.h"
#include "nn/compiler/program.h"
#include "nn/graph/weights.h"
#include "tools/mocapctl/command.h"
#include "tools/mocapctl/quantize.h"
#include "tools/mocapctl/steps.h"

static void print_metadata(void *user, const char *key, const char *value)
{
    (void)user;
    printf("  ");
    mocapctl_write_text(stdout, key);
    printf(" = ");
    mocapctl_write_text(stdout, value);
    printf("\n");
}

static void print_size(const char *what, size_t bytes, const char *note)
{
    printf("%-14s %.2f MB (%zu bytes)%s\n", what, (double)bytes / 1e6, bytes, note);
}

static void print_info(const struct nn_model_info *info, unsigned cpu_flags)
{
    printf("%-14s %s\n", "network", info->arch);
    const bool locates = info->head == NN_HEAD_LOCATOR;
    printf("%-14s %s\n", "gives", locates ? "boxes of faces" : "keypoints");
    if (!locates) {
        printf("%-14s %d, %s\n", "keypoints", info->keypoint_count, info->keypoint_set);
    }
    if (info->head == NN_HEAD_FACE) {
        printf("%-14s %d, %s\n", "dense points", info->dense_count, info->dense_set);
        printf("%-14s %d shapes, gaze of both eyes, turn of the head\n", "expression",
               info->shape_count);
    }
    printf("%-14s %d x %d RGB, value / 255 - %g\n", "input", info->input_width, info->input_height,
           (double)info->input_mean);
    printf("%-14s %d x %d\n", "maps", info->map_width, info->map_height);
    if (locates) {
        printf("%-14s score of at least %g\n", "a face", (double)info->least_score);
    } else {
        printf("%-14s %g times the larger edge of the keypoints' box\n", "crop",
               (double)info->crop_margin);
    }
    printf("%-14s %zu\n", "parameters", info->parameter_count);
    printf("%-14s %.1f million in one run\n", "multiply-adds", (double)info->macs / 1e6);
    print_size("weights", info->weight_bytes, ", shared by all workers");
    print_size("feature maps", info->arena_bytes, ", for each worker");
    printf("%-14s %s\n", "precision", nn_precision_name(info->precision));
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
        char work[MOCAPCTL_STEP_TEXT], shapes[MOCAPCTL_STEP_TEXT];
        mocapctl_step_work(step, work);
        mocapctl_step_shapes(step, shapes);
        const uint64_t step_bytes = mocapctl_step_bytes(program, step);
        bytes += step_bytes;
        printf("%-22s %-32s %-26s %9" PRIu64 " %9" PRIu64 " %9zu\n", step->name, work, shapes,
               step->macs, step_bytes, step->out.offset);
    }
    printf("%-22s %-32s %-26s %9" PRIu64 " %9" PRIu64 " %9zu\n", "all", "", "", program->macs,
           bytes, program->arena_floats * sizeof(float));
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
        mocapctl_write_text(stdout, path);
        printf("\n");
        print_size("size", (size_t)file.st_size, "");
        print_info(nn_model_info(model), cpu_flags);
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

int mocapctl_model(const struct mocapctl_globals *globals, int argc, char **argv)
{
    (void)globals;
    if (argc >= 2 && strcmp(argv[1], "quantize") == 0) {
        return mocapctl_quantize(argc - 1, argv + 1);
    }
    const bool with_plan = argc == 4 && strcmp(argv[3], "--plan") == 0;
    if (argc != (with_plan ? 4 : 3) || strcmp(argv[1], "info") != 0) {
        mocapctl_complain("model: wants 'info', one file and maybe --plan; or 'quantize'");
        return MOCAPCTL_USAGE;
    }
    struct mc_error err = { 0 };
    if (!describe(argv[2], with_plan, &err)) {
        mocapctl_complain("%s", err.message);
        return MOCAPCTL_FAILED;
    }
    return MOCAPCTL_OK;
}
