#include "pipeline/motion/confidence.h"

#include <math.h>

// Logistic regression of the log odds on photographs, some of them covered in part or by half
// (training/confidence.py). The distance from the fitted head says nothing more: networks complete
// a covered face plausibly.
static const float bias = -4.73f, slope = 2.4f;
static const float confidence_most = 0.999f;

float pipeline_confidence_of(float confidence)
{
    if (!(confidence > 0)) {
        return 0;
    }
    const float sure = fminf(confidence, confidence_most);
    return 1 / (1 + expf(-(bias + slope * logf(sure / (1 - sure)))));
}
