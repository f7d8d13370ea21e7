// A request of a command, and its reply.
#pragma once

#include <stdbool.h>

#include "protocol/buffer.h"
#include "protocol/mocap.h"

// Sends the request, a JSON object that protocol_request_write or the like has written, and waits
// for its reply. Complains and returns false when there is none or it is a refusal. The client owns
// the message. Finishes the buffer.
bool mocapctl_ask(struct mocap_client *client, struct protocol_buffer *request, int timeout_ms,
                  struct mocap_message *message);

// Complains of what mocap_next or the like returned instead of a message.
void mocapctl_complain_without(enum mocap_result result, const struct mocap_error *error);
