// Which servers of NATS to connect to and as whom, from the command line.
#pragma once

#include <nats/nats.h>

#include "base/error.h"

struct fleet_options;

// Sets servers, time to connect, login, credentials and certificates. Returns false and sets err,
// without a password, when one of them cannot be used: a URL that is none, a file that cannot be
// read.
//   shown  the URLs without secrets, for a warning
bool fleet_nats_options_set(natsOptions *options, const struct fleet_options *fleet,
                            const char *shown, struct mc_error *err) MC_MUST_USE;
