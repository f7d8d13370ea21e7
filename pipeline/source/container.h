// What FFmpeg says of an open container: a file, or what a server sends. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct AVFormatContext;

// The index of the video stream; -1: there is none, but perhaps the cover of an album.
int pipeline_container_find_video(const struct AVFormatContext *format);

// Whether it says by itself how its video is coded.
bool pipeline_container_knows_codec(const struct AVFormatContext *format);

// How a container is analysed. What it opens meanwhile, as the segments of a list, keeps pointing
// at this: it lives as long as the container.
struct pipeline_container_analysis {
    struct AVFormatContext *format;
    int (*usual)(void *opaque); // the container's interrupt callback
    void *usual_opaque;
    bool briefly, runs, begun;
};

// Reads until it is known what there is, and decodes a frame of what says too little of itself,
// where that has no more than max_pixels and was known from the start. briefly: no further than to
// the first packet of the video. What was read is not lost. The container must have an interrupt
// callback. Returns an AVERROR on failure.
int pipeline_container_analyse(struct pipeline_container_analysis *analysis,
                               struct AVFormatContext *format, int64_t max_pixels, bool briefly);

// Whether it is a text file, which FFmpeg renders as a terminal would.
bool pipeline_container_is_text(const struct AVFormatContext *format);

// Whether it goes on for ever: a file behind http: has a length, a live stream has none.
bool pipeline_container_has_no_end(const struct AVFormatContext *format);

// Whether seconds of frames come at once (HLS, DASH).
bool pipeline_container_is_chunked(const struct AVFormatContext *format);

// Whether its stamps are its own: FFmpeg gives frames of some formats stamps at a rate that it
// assumes.
bool pipeline_container_has_stamps(const struct AVFormatContext *format);
