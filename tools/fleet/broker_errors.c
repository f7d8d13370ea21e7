#include "tools/fleet/broker_errors.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { LOG_MS = 60000 };

static bool is_told(const struct fleet_broker_errors *errors, const char *text)
{
    for (int i = 0; i < errors->told_count; i++) {
        if (strncmp(errors->told[i], text, FLEET_BROKER_ERROR_BYTES - 1) == 0) {
            return true;
        }
    }
    return false;
}

// Those for which the library passes on the broker's -ERR.
static bool is_from_broker(natsStatus status)
{
    return status == NATS_NOT_PERMITTED || status == NATS_CONNECTION_AUTH_FAILED;
}

void fleet_broker_errors_tell(struct fleet_broker_errors *errors, const char *url,
                              natsStatus status, const char *text)
{
    unsigned skipped;
    const char *before = is_from_broker(status) ? "the broker" : "connection to the broker";
    const char *says = is_from_broker(status) ? " says" : "";
    if (is_told(errors, text)) {
        return;
    }
    if (errors->told_count < FLEET_BROKER_ERRORS_TOLD) {
        snprintf(errors->told[errors->told_count++], FLEET_BROKER_ERROR_BYTES, "%s", text);
        mc_log(MC_LOG_WARNING, "%s at %s%s: %s", before, url, says, text);
    } else if (mc_log_limit_pass(&errors->limit, LOG_MS * MC_NS_PER_MS, &skipped)) {
        mc_log(MC_LOG_WARNING, "%s at %s%s: %s; and %u more like it", before, url, says, text,
               skipped);
    }
}

bool fleet_broker_error_subject(char *subject, size_t size, const char *text)
{
    static const char before[] = "Publish to \"";
    const char *begin = strstr(text, before);
    if (begin == NULL) {
        return false;
    }
    begin += sizeof before - 1;
    const char *end = strchr(begin, '"');
    return end != NULL && snprintf(subject, size, "%.*s", (int)(end - begin), begin) < (int)size;
}
