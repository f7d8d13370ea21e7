// How FFmpeg is to open what a URL names. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/source/url.h"

struct AVDictionary;

// The demuxer to use, where the URL says so rather than the bytes; else NULL.
const char *pipeline_input_demuxer(enum pipeline_url_kind kind);

// Adds the options for that URL. With udp, RTSP carries frames over UDP unless the URL says how;
// its server may take timeout_us to answer.
void pipeline_input_set_options(enum pipeline_url_kind kind, const char *url, bool udp,
                                int64_t timeout_us, struct AVDictionary **options);

// Logs what FFmpeg has left of them, as it does of those that it does not know.
void pipeline_input_report_unused(struct AVDictionary **left);
