// ONNX Runtime through its C interface (onnxruntime_c_api.h), loaded from its shared library: what
// mocapd's engine is compared with. Neither its headers nor the library are needed to build.
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct ort;
struct ort_session;

// 1 x channels x height x width floats.
struct ort_tensor {
    const char *name;
    float *data;
    int channels, height, width;
};

// Opens the library. NULL and err on failure.
struct ort *ort_open(const char *library, struct mc_error *err) MC_MUST_USE;
void ort_close(struct ort *ort);

// Such as "1.30.0"; borrowed.
const char *ort_version(const struct ort *ort);

// Loads a model of one input and one output and binds both to the caller's memory, so that a run
// copies nothing. All optimisations, one thread. Borrows ort and the tensors' names and data.
struct ort_session *ort_session_create(struct ort *ort, const char *model,
                                       const struct ort_tensor *input,
                                       const struct ort_tensor *output,
                                       struct mc_error *err) MC_MUST_USE;
void ort_session_destroy(struct ort_session *session);

bool ort_session_run(struct ort_session *session, struct mc_error *err) MC_MUST_USE;
