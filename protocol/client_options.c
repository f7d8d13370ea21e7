#include "protocol/client_options.h"

#include <stdio.h>
#include <string.h>

bool protocol_client_options_is_name(const char *text, size_t size)
{
    return text[0] != '\0' && strlen(text) < size;
}

// The library's bits are the protocol's, but for MOCAP_INCLUDE_BASE among them.
enum { LOW_PARTS = MOCAP_INCLUDE_BASE - 1 };

static unsigned parts_of(unsigned include)
{
    return (include & LOW_PARTS) |
           ((include & ~(unsigned)LOW_PARTS & ~(unsigned)MOCAP_INCLUDE_BASE) >> 1);
}

static unsigned include_of(unsigned parts)
{
    return parts == 0 ? (unsigned)MOCAP_INCLUDE_BASE
                      : (parts & LOW_PARTS) | (parts & ~(unsigned)LOW_PARTS) << 1;
}

bool protocol_client_options_read(const struct mocap_options *options,
                                  const struct protocol_hello *hello,
                                  enum protocol_encoding current, struct protocol_request *request,
                                  struct mc_error *err)
{
    static const struct mocap_options defaults = { 0 };
    options = options == NULL ? &defaults : options;
    struct protocol_policy *policy = &request->policy;
    const bool has_cbor = (hello->encodings & 1u << PROTOCOL_CBOR) != 0;
    *request = (struct protocol_request){ .type = PROTOCOL_SUBSCRIBE };
    if (options->stream != NULL &&
        !protocol_client_options_is_name(options->stream, sizeof request->stream)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "stream: must be a name of 1 to %d bytes",
                            PROTOCOL_NAME_BYTES - 1);
    }
    if (options->label != NULL && strlen(options->label) >= sizeof policy->label) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "label: must be at most %d bytes long",
                            PROTOCOL_LABEL_BYTES - 1);
    }
    if (!protocol_rate_valid(options->max_rate)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "max_rate: must be 0 or %g to %d, got %g",
                            PROTOCOL_RATE_MIN, PROTOCOL_RATE_MAX, options->max_rate);
    }
    if (options->lost != MOCAP_LOST_NONE && options->lost != MOCAP_LOST_HOLD &&
        options->lost != MOCAP_LOST_NEUTRAL) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "lost: must be of enum mocap_lost, got %d",
                            (int)options->lost);
    }
    snprintf(request->stream, sizeof request->stream, "%s",
             options->stream == NULL ? "" : options->stream);
    snprintf(policy->label, sizeof policy->label, "%s",
             options->label == NULL ? "" : options->label);
    policy->encoding = options->encoding == MOCAP_ENCODING_CBOR ||
                               (options->encoding == MOCAP_ENCODING_BEST && has_cbor)
                           ? PROTOCOL_CBOR
                           : PROTOCOL_JSON;
    request->encoding_given = policy->encoding != current;
    policy->max_rate = options->max_rate;
    policy->include = options->include == 0 ? PROTOCOL_INCLUDE_DEFAULT
                                            : parts_of(options->include) & PROTOCOL_INCLUDE_ALL;
    policy->lost = (enum protocol_lost)options->lost;
    request->mode_given = options->mode != MOCAP_MODE_SERVER;
    policy->mode = options->mode == MOCAP_MODE_QUEUE ? PROTOCOL_QUEUE : PROTOCOL_LATEST;
    policy->queue = options->queue > 0 ? options->queue : PROTOCOL_QUEUE_DEFAULT;
    return true;
}

struct mocap_options protocol_client_options_granted(const struct protocol_policy *policy)
{
    return (struct mocap_options){
        .encoding = policy->encoding == PROTOCOL_CBOR ? MOCAP_ENCODING_CBOR : MOCAP_ENCODING_JSON,
        .max_rate = policy->max_rate,
        .include = include_of(policy->include),
        .lost = (enum mocap_lost)policy->lost,
        .mode = policy->mode == PROTOCOL_LATEST  ? MOCAP_MODE_LATEST
                : policy->mode == PROTOCOL_QUEUE ? MOCAP_MODE_QUEUE
                                                 : MOCAP_MODE_SERVER,
        .queue = policy->queue,
        .label = policy->label,
    };
}
