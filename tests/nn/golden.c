#include "tests/nn/golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/weights.h"

struct nn_weights *golden_open(const char *path)
{
    if (access(path, R_OK) != 0) {
        printf("skipped: no %s\n", path);
        return NULL;
    }
    struct mc_error err = { 0 };
    struct nn_weights *file = nn_weights_load(path, &err);
    if (file == NULL) {
        fail_msg("%s", err.message);
    }
    return file;
}

const struct nn_weight *golden_get(const struct nn_weights *file, const char *name)
{
    const struct nn_weight *weight = nn_weights_find(file, name);
    if (weight == NULL) {
        fail_msg("the file has no tensor %s", name);
    }
    return weight;
}

void golden_fill(const struct nn_tensor *map, const float *planar)
{
    for (int c = 0; c < map->channels; c++) {
        for (int y = 0; y < map->height; y++) {
            for (int x = 0; x < map->width; x++) {
                nn_tensor_at(map, y, x)[c] = *planar++;
            }
        }
    }
}

void golden_compare(const char *name, const struct nn_tensor *map, const struct nn_weight *want,
                    double tolerance, double floor)
{
    size_t count = (size_t)map->height * (size_t)map->width * (size_t)map->channels;
    if (count != want->count) {
        fail_msg("%s: has %zu numbers, wants %zu", name, count, want->count);
    }
    double largest = 0, worst = 0;
    const float *planar = want->data;
    for (int c = 0; c < map->channels; c++) {
        for (int y = 0; y < map->height; y++) {
            for (int x = 0; x < map->width; x++, planar++) {
                double difference = fabs((double)nn_tensor_at(map, y, x)[c] - (double)*planar);
                largest = fmax(largest, fabs((double)*planar));
                worst = difference > worst || isnan(difference) ? difference : worst;
            }
        }
    }
    printf("%s: largest difference %.2e of %.3g\n", name, worst, largest);
    if (!(worst <= fmax(tolerance * largest, floor))) {
        fail_msg("%s: differs by %g, allowed %g", name, worst, fmax(tolerance * largest, floor));
    }
}
