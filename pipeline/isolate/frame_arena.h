// The decoder process's side of the shared memory: FFmpeg's decoders write frames into it
// directly, and what lies elsewhere is copied.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct AVCodecContext;
struct AVFrame;
struct pipeline_frame_arena;

// Hands out the size bytes at base, for the life of the process. NULL without memory.
struct pipeline_frame_arena *pipeline_frame_arena_create(void *base, size_t size);

// As get of pipeline_frame_memory. Where there is no room, or the codec brings its own memory,
// FFmpeg's default.
int pipeline_frame_arena_get(void *arena, struct AVCodecContext *codec, struct AVFrame *frame,
                             int flags);

// Moves the frame's pixels into the arena, unless they are there. Returns false without room.
bool pipeline_frame_arena_adopt(struct pipeline_frame_arena *arena, struct AVFrame *frame);

// Where the pointer lies from the base.
size_t pipeline_frame_arena_offset(const struct pipeline_frame_arena *arena, const void *data);
