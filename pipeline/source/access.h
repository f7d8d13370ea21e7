// What opening a source may open besides: nothing that its user did not name.
//
// What a camera, a server or a playlist says is not to be trusted: a redirect, a
// segment's URL or a line of a playlist must not make mocapd read a local file or fetch
// from a machine that only it can reach.
//   from the network  the same server (scheme, host, port; https for http on the usual
//                     ports), and formats and codecs that live streams come in
//   a local playlist  files in its folder and below, nothing of the network
//   an SDP file       that, RTP, and those codecs
// Thread: capture.
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "pipeline/source/url.h"

struct AVDictionary;
struct AVFormatContext;
struct AVIOContext;

typedef int pipeline_open_fn(struct AVFormatContext *format, struct AVIOContext **io,
                             const char *url, int flags, struct AVDictionary **options);

struct pipeline_access {
    enum pipeline_url_kind kind;
    const char *url;          // borrowed
    char directory[PATH_MAX]; // of a file, absolute, without links; "": none
    pipeline_open_fn *open;   // FFmpeg's own way to open what is allowed
};

// path: the local file's; NULL where it is none. Borrows url for the format's life.
void pipeline_access_init(struct pipeline_access *access, enum pipeline_url_kind kind,
                          const char *url, const char *path);

// Binds the format that is going to be opened, and adds options to open it with. Borrows
// access for the format's life. False and err when out of memory.
bool pipeline_access_apply(struct pipeline_access *access, struct AVFormatContext *format,
                           struct AVDictionary **options, struct mc_error *err) MC_MUST_USE;

// Around each call of FFmpeg that may connect on this thread: redirects are followed only
// where the access allows it.
void pipeline_access_enter(struct pipeline_access *access);
void pipeline_access_leave(void);

// Whether a URL that the source itself named may be opened.
bool pipeline_access_allows(const struct pipeline_access *access, const char *url);

// Whether what the source sends may go to FFmpeg's decoder of this name.
bool pipeline_access_allows_decoder(const struct pipeline_access *access, const char *name);
