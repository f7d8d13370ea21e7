// User names and passwords of cameras: from the configuration into URLs. No error holds one, and
// URLs are redacted wherever they are shown (pipeline/source/url.h).
#pragma once

#include "base/error.h"

struct daemon_stream_options;

// Reads the password from a file with one line; base/config_text.h says what may be around it.
// A name without a slash is one of systemd's credentials (LoadCredential=), if there are any.
bool daemon_secrets_read_password(struct daemon_stream_options *stream, const char *name,
                                  struct mc_error *err) MC_MUST_USE;

// Checks that FFmpeg has room for the login, if there is one in the URL.
bool daemon_secrets_check_url(const char *url, struct mc_error *err) MC_MUST_USE;

// Puts user and password of the stream, if it has them, into its URL, in place of any it had. A
// password without a user is an error, as is a login that FFmpeg would cut.
bool daemon_secrets_insert_login(struct daemon_stream_options *stream,
                                 struct mc_error *err) MC_MUST_USE;
