// Writes frames to a video file, or one frame as a PNG.
//
// The ending of the path selects the format: .mp4 is H.264 (MPEG-4 where FFmpeg was built
// without it), .y4m and .mkv are lossless, .png holds a single frame. The same
// frames give the same bytes. The file takes its name when it is complete: see output_file.h. One
// thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct video_writer;

// width and height: pixels; even for .mp4. rate_num / rate_den: frames per
// second. NULL and err on failure.
struct video_writer *video_writer_create(const char *path, int width, int height, int rate_num,
                                         int rate_den, struct mc_error *err) MC_MUST_USE;

// Likewise, for frames that come at times of their own; the rate is the usual one. A
// .y4m file has no room for times: there frames are repeated or left out.
struct video_writer *video_writer_create_timed(const char *path, int width, int height,
                                               int rate_num, int rate_den,
                                               struct mc_error *err) MC_MUST_USE;

// Appends a frame: height rows of width x 3 bytes (RGB), row_bytes apart.
bool video_writer_add(struct video_writer *writer, const uint8_t *rgb, size_t row_bytes,
                      struct mc_error *err) MC_MUST_USE;

// Likewise, of a timed writer: the frame of this time, which must not be before the last
// one's.
bool video_writer_add_at(struct video_writer *writer, double seconds, const uint8_t *rgb,
                         size_t row_bytes, struct mc_error *err) MC_MUST_USE;

// Writes what is left, gives the file its name, and frees the writer, whatever happens. On failure
// what had that name before is still there.
bool video_writer_finish(struct video_writer *writer, struct mc_error *err) MC_MUST_USE;

// Frees the writer; what had the file's name before is still there. NULL does nothing.
void video_writer_abandon(struct video_writer *writer);
