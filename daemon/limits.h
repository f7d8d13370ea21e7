// What the options, and the limit of open files, allow connections to use. Any thread.
#pragma once

#include "server/publisher.h"

struct daemon_options;

// Logs it when the limit of open files leaves room for fewer connections than the options allow.
struct server_limits daemon_limits(const struct daemon_options *options);
