// From what the landmark network observes to the faces of a record. Any thread.
#pragma once

#include <stdbool.h>

#include "pipeline/track/tracker.h"

struct nn_model_info;
struct protocol_face;

// Whether the model gives the landmarks of a face.
bool pipeline_faces_is_model(const struct nn_model_info *model);

// How a tracker follows up to max_faces faces with the model.
struct pipeline_tracker_options pipeline_faces_tracker_options(const struct nn_model_info *model,
                                                               int max_faces);

// Fills all of the face but its id and what motion adds.
void pipeline_faces_fill(const struct nn_model_info *model,
                         const struct pipeline_observation *observation,
                         struct protocol_face *face);
