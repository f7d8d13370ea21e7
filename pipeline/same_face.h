// How long a face may be out of sight and still be taken for the same person: it keeps its id, if
// it comes back about there, and what was learnt of it. By pts, which go on in true seconds while a
// source is away or paused.
#pragma once

enum { PIPELINE_SAME_FACE_S = 3 };
