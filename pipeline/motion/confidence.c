#include "pipeline/motion/confidence.h"

#include <math.h>

// Logistic regression on 20,400 landmarks of photographs, one third of them seen in full, the
// others with a part or half of the face painted over (training/confidence.py).
static const float bias = -4.9f, slope = 2.55f;      // of the log odds of the network's confidence
static const float off_slope = -0.46f, off_free = 2; // of the distance, beyond the free part
static const float off_most = 8, confidence_most = 0.999f;

float pipeline_confidence_of(float confidence, float off)
{
    if (!(confidence > 0)) {
        return 0;
    }
    const float sure = fminf(confidence, confidence_most);
    const float beyond = fmaxf(fminf(off, off_most) - off_free, 0);
    return 1 / (1 + expf(-(bias + slope * logf(sure / (1 - sure)) + off_slope * beyond)));
}
