// The larger of two differences. Unlike fmax, which ignores NAN, it keeps it: a result that is no
// number is within no bound.
#pragma once

#include <math.h>

static inline double test_larger(double worst, double difference)
{
    return difference > worst || isnan(difference) ? difference : worst;
}
