// How long a face may be out of sight and still be taken for the same person: it keeps its id, if
// it comes back about there, and what was learnt of it. By pts, which go on in true seconds while a
// source is away or paused.
#pragma once

#include <stdbool.h>

enum { PIPELINE_SAME_FACE_S = 3 };

// Whether a frame may show whom the last one showed, step_s earlier. Within a session, from opening
// the source to closing it, however long that is: frames may be rare, or a still scene have none.
static inline bool pipeline_same_face_goes_on(double step_s, bool is_same_session)
{
    return step_s >= 0 && (is_same_session || step_s <= PIPELINE_SAME_FACE_S);
}
