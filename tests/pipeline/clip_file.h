// Makes little clips for tests, with the libraries alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libavutil/rational.h>

// Fills the image of frame number index: RGB, 3 bytes a pixel, rows one after
// the other.
typedef void clip_paint_fn(void *user, int index, uint8_t *rgb, int width, int height);

struct clip_options {
    const char *path;    // its ending chooses the container
    const char *encoder; // "mjpeg", "mpeg4", "ffv1", "libx264"
    int width, height, frames, rate;
    int b_frames;                   // in a row; 0: a packet in, its frame out
    int gap_at, gap;                // before frame gap_at so many are missing
    const int32_t *display_matrix;  // of the container: nine values, as FFmpeg has them; or NULL
    struct AVRational pixel_aspect; // width over height; 0/0: not written
    const char *filter;             // a bitstream filter and its options; or NULL
    int exif_orientation;           // of each JPEG; 0: not written
    bool index_first;               // MP4: before the frames, not after them
    clip_paint_fn *paint;
    void *user;
};

// Fails the test when it can't.
void clip_write(const struct clip_options *options);

// A wave file of silence.
void clip_write_sound(const char *path);

// A new directory; and its end with all files in it.
void clip_directory_make(char *path, int size);
void clip_directory_remove(const char *path);
