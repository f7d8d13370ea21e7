// What a landmark's confidence means: how likely it lies where people would mark it, within a
// tenth of the distance between the outer corners of the eyes.
#pragma once

// From what the network says of its heat map (nn/heads/heads.h), and off, the landmark's distance
// from the fitted head (pose.h). 0 to 1; rises with the network's confidence, so its order holds.
float pipeline_confidence_of(float confidence, float off);
