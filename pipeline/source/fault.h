// Why a source could not be opened, as far as it decides when to try again.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "pipeline/source/url.h"

enum pipeline_fault {
    PIPELINE_FAULT_PASSING, // unreachable, busy, silent: may be over at any time
    PIPELINE_FAULT_REFUSED, // wrong or no credentials: cameras lock after a few attempts
    PIPELINE_FAULT_ABSENT,  // reachable, but that path is not there
    PIPELINE_FAULT_FORMAT,  // reachable, but not a video that can be decoded
    PIPELINE_FAULT_SIZE,    // reachable, but with frames beyond the limit
    PIPELINE_FAULT_FINAL,   // as long as the configuration is what it is
};

// Classifies err, from opening a source of that kind; permanent as pipeline_source_open
// set it.
enum pipeline_fault pipeline_fault_classify(enum pipeline_url_kind kind, const struct mc_error *err,
                                            bool permanent);

// What it means, for people: "the credentials were refused"; "" where err says it all.
const char *pipeline_fault_name(enum pipeline_fault fault);
