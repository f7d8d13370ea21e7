// Runs the engine on images prepared elsewhere: reads the network's inputs from stdin
// (float32, as nn_runner_input takes them, one after the other) and writes the keypoints of
// each as a line of numbers: x y c x y c ... x and y are fractions of the input's edges.
#include <stdio.h>

#include "base/cpu.h"
#include "nn/model.h"

static bool read_input(const struct nn_tensor *input)
{
    for (int y = 0; y < input->height; y++) {
        for (int x = 0; x < input->width; x++) {
            if (fread(nn_tensor_at(input, y, x), sizeof(float), 3, stdin) != 3) {
                return false;
            }
        }
    }
    return true;
}

static void write_keypoints(const struct nn_model_info *info, const struct mc_keypoint *keypoints)
{
    for (int i = 0; i < info->keypoint_count; i++) {
        printf("%.7f %.7f %.5f%c", (double)(keypoints[i].x / (float)info->input_width),
               (double)(keypoints[i].y / (float)info->input_height), (double)keypoints[i].c,
               i == info->keypoint_count - 1 ? '\n' : ' ');
    }
}

int main(int argc, char **argv)
{
    struct mc_error err = { 0 };
    unsigned flags;
    if (argc != 2) {
        fputs("usage: landmarks MODEL <INPUTS\n", stderr);
        return 2;
    }
    struct nn_model *model = mc_cpu_flags(&flags, &err)
                                 ? nn_model_load_as(argv[1], flags, NN_PRECISION_F32, &err)
                                 : NULL;
    struct nn_runner *runner = model == NULL ? NULL : nn_runner_create(model, &err);
    if (runner == NULL) {
        fprintf(stderr, "%s\n", err.message);
        nn_model_destroy(model);
        return 1;
    }
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    for (;;) {
        struct nn_tensor input = nn_runner_input(runner);
        if (!read_input(&input)) {
            break;
        }
        nn_runner_run(runner, keypoints);
        write_keypoints(nn_model_info(model), keypoints);
    }
    nn_runner_destroy(runner);
    nn_model_destroy(model);
    return 0;
}
