// The options of libmocap as the protocol's policy, and back.
#pragma once

#include "base/error.h"
#include "protocol/message.h"
#include "protocol/mocap.h"

// Fills a subscribe request. options NULL: all defaults. hello: the server's. current: the
// encoding of the connection.
bool protocol_client_options_read(const struct mocap_options *options,
                                  const struct protocol_hello *hello,
                                  enum protocol_encoding current, struct protocol_request *request,
                                  struct mc_error *err) MC_MUST_USE;

// The policy as options; its label is borrowed.
struct mocap_options protocol_client_options_granted(const struct protocol_policy *policy);

// True for a name of 1 to size - 1 bytes.
bool protocol_client_options_is_name(const char *text, size_t size);
