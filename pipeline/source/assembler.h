// Pictures of H.264 and H.265 from the pieces that RTP carries them in.
//
// libavformat's own parser knows that a picture is whole when the next one
// begins: a frame interval late. The marker that would say so is not handed on.
// Here the end is recognised by what the sender has always done so far: how many
// slices its pictures have, and that all pieces of a unit but the last have one
// size. A sender that breaks its habit is waited for, as the parser would, until
// it has kept one for long. Thread: capture, all of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct AVPacket;
struct pipeline_assembler;

enum pipeline_assembler_codec { PIPELINE_ASSEMBLER_H264, PIPELINE_ASSEMBLER_H265 };

struct pipeline_assembler *pipeline_assembler_create(enum pipeline_assembler_codec codec,
                                                     struct mc_error *err) MC_MUST_USE;
void pipeline_assembler_destroy(struct pipeline_assembler *assembler); // NULL does nothing

// Takes in a piece, which came at arrival_ns: units with start codes before them, or
// more of the last unit. Pieces of one picture have one pts. Returns false when there
// is no memory, or a picture is beyond all measure: its pieces are dropped then.
bool pipeline_assembler_push(struct pipeline_assembler *assembler, const struct AVPacket *piece,
                             int64_t arrival_ns);

// The next whole picture, into an empty packet, and when its last byte came. False:
// push more.
bool pipeline_assembler_pop(struct pipeline_assembler *assembler, struct AVPacket *picture,
                            int64_t *arrival_ns);
