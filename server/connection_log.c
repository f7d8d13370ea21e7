#include "server/connection_log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "server/subscriber.h"

enum { LINES_MAX = 16 }; // between two renewals

void server_connection_log_write(struct server_connection_log *log,
                                 const struct server_subscriber *subscriber, const char *format,
                                 ...)
{
    if (log->written >= LINES_MAX) {
        log->skipped++;
        return;
    }
    log->written++;
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *label = subscriber->label;
    mc_log(MC_LOG_INFO, "connection %lu (pid %d, uid %d%s%s) %s", subscriber->number,
           subscriber->peer_pid, subscriber->peer_uid, label[0] == '\0' ? "" : ", ", label, text);
}

void server_connection_log_renew(struct server_connection_log *log)
{
    if (log->skipped > 0) {
        mc_log(MC_LOG_INFO, "%d more lines about connections left out", log->skipped);
    }
    *log = (struct server_connection_log){ 0 };
}
