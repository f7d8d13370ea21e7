#include "nn/kernels/antialias.h"

#include <math.h>

int nn_antialias_taps(int factor, float taps[NN_ANTIALIAS_TAPS_MAX])
{
    const double deviation = (factor - 1) / 2.0;
    const int reach = 2 * (factor - 1); // four deviations
    double sum = 0;
    for (int i = -reach; i <= reach; i++) {
        sum += exp(-i * i / (2 * deviation * deviation));
    }
    for (int i = -reach; i <= reach; i++) {
        taps[reach + i] = (float)(exp(-i * i / (2 * deviation * deviation)) / sum);
    }
    return 2 * reach + 1;
}
