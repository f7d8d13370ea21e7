// Reassembles H.264 and H.265 access units from the fragments that RTP carries.
//
// libavformat's parser knows that an access unit is whole only when the next one
// begins, a frame interval later; the RTP marker bit, which says so at once, is not
// exposed. The assembler recognises the last fragment by the sender's pattern: the
// number of slices in its access units, and that all fragments of a NAL unit but the
// last have one size. The pattern must hold for several access units before it is
// trusted; after each mismatch it must hold for longer. Until then the next access
// unit ends the one before. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct AVPacket;
struct pipeline_access_unit_assembler;

enum pipeline_access_unit_codec { PIPELINE_ACCESS_UNIT_H264, PIPELINE_ACCESS_UNIT_H265 };

struct pipeline_access_unit_assembler *
pipeline_access_unit_assembler_create(enum pipeline_access_unit_codec codec,
                                      struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void pipeline_access_unit_assembler_destroy(struct pipeline_access_unit_assembler *assembler);

// Adds a fragment that arrived at arrival_ns: NAL units with start codes, or the
// continuation of the last one. A change of pts or the first slice of a frame begins
// an access unit; an empty fragment is ignored. Returns false when memory runs out or
// the access unit exceeds 32 MiB: what is left of it is then dropped as well, and the
// next one begins afresh.
bool pipeline_access_unit_push(struct pipeline_access_unit_assembler *assembler,
                               const struct AVPacket *fragment, int64_t arrival_ns);

// Moves the next whole access unit into an empty packet, with AV_PKT_FLAG_KEY where it
// needs no other; *arrival_ns is when its last byte arrived. Returns false when more fragments are
// needed.
bool pipeline_access_unit_pop(struct pipeline_access_unit_assembler *assembler,
                              struct AVPacket *packet, int64_t *arrival_ns);
