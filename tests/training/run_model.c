// Runs a motion model on a picture, for tests of what training/ writes:
//
//   run_model MODEL < PICTURE
//
// PICTURE is channels x height x width floats as the network expects them. Prints for
// each keypoint x, y, on axes from -1 to 1, and its Jacobian's four numbers.
#include <stdio.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "nn/model.h"
#include "nn/tensor.h"

static bool read_picture(const struct nn_tensor *input)
{
    for (int c = 0; c < input->channels; c++) {
        for (int y = 0; y < input->height; y++) {
            for (int x = 0; x < input->width; x++) {
                if (fread(nn_tensor_at(input, y, x) + c, sizeof(float), 1, stdin) != 1) {
                    return false;
                }
            }
        }
    }
    return true;
}

static double axis(float place, int size)
{
    return 2 * ((double)place - 0.5) / (size - 1) - 1;
}

static void print_keypoints(struct nn_runner *runner, const struct nn_model_info *info)
{
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    nn_runner_run(runner, keypoints);
    const float(*jacobians)[4] = nn_runner_jacobians(runner);
    for (int i = 0; i < info->keypoint_count; i++) {
        printf("%.7f %.7f", axis(keypoints[i].x, info->input_width),
               axis(keypoints[i].y, info->input_height));
        for (int m = 0; m < 4 && jacobians != NULL; m++) {
            printf(" %.7f", (double)jacobians[i][m]);
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    struct mc_error err = { 0 };
    unsigned flags = 0;
    struct nn_model *model = argc == 2 && mc_cpu_flags(&flags, &err)
                                 ? nn_model_load_as(argv[1], flags, NN_PRECISION_F32, &err)
                                 : NULL;
    struct nn_runner *runner = model == NULL ? NULL : nn_runner_create(model, &err);
    if (runner == NULL) {
        fprintf(stderr, "run_model: %s\n", argc == 2 ? err.message : "usage: run_model MODEL");
        nn_model_destroy(model);
        return 1;
    }
    const struct nn_tensor input = nn_runner_input(runner);
    const bool good = read_picture(&input);
    if (good) {
        print_keypoints(runner, nn_model_info(model));
    } else {
        fprintf(stderr, "run_model: the picture is too short\n");
    }
    nn_runner_destroy(runner);
    nn_model_destroy(model);
    return good ? 0 : 1;
}
