// Parts of a source's URL.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum pipeline_url_kind {
    PIPELINE_URL_FILE,    // a path, or file://
    PIPELINE_URL_SDP,     // likewise, that ends in .sdp: a session of RTP
    PIPELINE_URL_IMAGES,  // images:PATTERN, numbered files: images:p%03d.jpg
    PIPELINE_URL_RTSP,    // rtsp:// and rtsps://
    PIPELINE_URL_V4L2,    // v4l2:/dev/videoN
    PIPELINE_URL_LAVFI,   // lavfi:GRAPH
    PIPELINE_URL_DEMO,    // demo:
    PIPELINE_URL_NETWORK, // any other scheme://
};

// The kind of source, by the URL's beginning, in capitals or not. Sets *rest to what has to be
// opened: for files, cameras and graphs what follows the scheme, else url itself.
enum pipeline_url_kind pipeline_url_parse(const char *url, const char **rest);

// Whether a server sends it.
bool pipeline_url_is_network(enum pipeline_url_kind kind);

// Whether others may send it: a server does, and an SDP file names a port to which anybody may.
bool pipeline_url_is_sent(enum pipeline_url_kind kind);

// Writes the scheme of what FFmpeg is to open in small letters, which it insists on.
void pipeline_url_lower_scheme(char *url);

// The path that a FILE, SDP or IMAGES URL means: the escapes of file:// decoded. False and
// err when they are wrong, it names another machine, or path is too small.
bool pipeline_url_path(const char *url, char *path, size_t size, struct mc_error *err) MC_MUST_USE;

// Whether other, to which url leads, is on the same server: scheme, host and port are
// equal, or it is https for http (rtsps for rtsp), each on its usual port. So is a
// reference without a scheme, unless it begins with a host.
bool pipeline_url_is_same_server(const char *url, const char *other);

// Host, without brackets around an address, and port of a URL with ://; the scheme's
// default port where the URL names none. Returns false when there is no host, no port,
// or no room.
bool pipeline_url_endpoint(const char *url, char *host, size_t host_size, char *port,
                           size_t port_size);

// Its host alone, likewise, whether it has a port or not.
bool pipeline_url_host(const char *url, char *host, size_t size);

// Writes url with "user:password@" before the host, both escaped, in place of any it
// had. Returns false when it has no host, or out is too small.
bool pipeline_url_insert_login(const char *url, const char *user, const char *password, char *out,
                               size_t size);

// Copies text with the secrets of all URLs in it hidden: everything before an @ (user,
// password), and the query. Hides too much rather than too little: an @ in the path
// hides the host as well. Truncates when out is too small; always NUL-terminated.
void pipeline_url_redact(const char *text, char *out, size_t size);
