// A motion model made of a landmark model without dense points: ten of its heat maps, which
// span the face, and Jacobians that are the identity everywhere.
#pragma once

enum { MOTION_MODEL_KEYPOINTS = 10 };

// Writes it, as safetensors. Fails the test where that can't be done.
void motion_model_write(const char *landmark_model, const char *path);
