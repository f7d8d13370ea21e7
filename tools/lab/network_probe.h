// One network in the pipeline, looked at in the frames of a clip: what it is given there, and how
// far another precision of it deviates.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "nn/model.h"
#include "pipeline/track/detectors.h"

struct nn_quantiser;
struct pipeline_frame;
struct pipeline_models;
struct protocol_record;

// A network, among the other networks of the pipeline.
struct lab_network_probe {
    enum nn_head head;
    struct pipeline_detectors detectors;
};

// models: with the network in its place. All are borrowed. False and err on failure; finish then,
// too.
bool lab_network_probe_init(struct lab_network_probe *probe, const struct pipeline_models *models,
                            enum nn_head head, struct mc_error *err) MC_MUST_USE;
void lab_network_probe_finish(struct lab_network_probe *probe);

// Gives the quantiser what the network sees in a frame: the first face; for a locator, the whole
// frame too. Counts the inputs.
bool lab_network_probe_calibrate(const struct lab_network_probe *probe,
                                 const struct protocol_record *record,
                                 const struct pipeline_frame *frame, struct nn_quantiser *quantiser,
                                 long *count, struct mc_error *err) MC_MUST_USE;

// How far results lie apart, in the unit of nn_model_deviation_unit.
struct lab_deviation {
    double sum;
    long count;
};

// Compares the results of two precisions in a frame.
bool lab_network_probe_compare(const struct lab_network_probe *f32,
                               const struct lab_network_probe *other,
                               const struct protocol_record *record,
                               const struct pipeline_frame *frame, struct lab_deviation *deviation,
                               struct mc_error *err) MC_MUST_USE;
