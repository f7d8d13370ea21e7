#include "daemon/limits.h"

#include <sys/resource.h>

#include "base/log.h"
#include "daemon/options.h"
#include "server/admission.h"

// As many connections as the limit of open files leaves room for.
static int max_connections(const struct daemon_options *options)
{
    enum { FILES = 32, FILES_OF_STREAM = 16 };
    const int others = FILES + FILES_OF_STREAM * options->stream_count;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur >= (rlim_t)(options->max_connections + others)) {
        return options->max_connections;
    }
    const int room = (int)limit.rlim_cur - others;
    const int most = room < 1 ? 1 : room;
    mc_log(MC_LOG_WARNING,
           "at most %d connections instead of %d: only %lu files may be open, see ulimit -n or "
           "LimitNOFILE=",
           most, options->max_connections, (unsigned long)limit.rlim_cur);
    return most;
}

struct server_limits daemon_limits(const struct daemon_options *options)
{
    struct server_limits limits = SERVER_LIMITS_DEFAULT;
    limits.connections = max_connections(options);
    limits.connections_per_user = options->max_connections_per_user;
    if (limits.connections < options->max_connections) { // no user shall hold all of them
        const int share = server_admission_default_share(limits.connections);
        limits.connections_per_user =
            share < limits.connections_per_user ? share : limits.connections_per_user;
    }
    limits.stuck_ms = (uint64_t)options->stuck_timeout_s * 1000;
    return limits;
}
