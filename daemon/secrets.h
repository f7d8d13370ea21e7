// Names and passwords of cameras, from the configuration into URLs; they are never
// shown (pipeline/source/url.h).
#pragma once

#include "base/error.h"

struct daemon_options;
struct daemon_stream_options;

// Reads the password from the first line of a file. A name without a slash is one of
// systemd's credentials (LoadCredential=).
bool daemon_secrets_read_password(struct daemon_stream_options *stream, const char *name,
                                  struct mc_error *err);

// Puts user and password of each stream that has them into its URL. A password without a
// user is an error.
bool daemon_secrets_sign_urls(struct daemon_options *options, struct mc_error *err);
