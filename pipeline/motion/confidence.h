// What a landmark's confidence means: how likely it lies where people would mark it, within a
// tenth of the distance between the outer corners of the eyes.
#pragma once

// From what the network says of its heat map (nn/heads/heads.h). 0 to 1; rises with it, so that
// the order of landmarks holds.
float pipeline_confidence_of(float confidence);
