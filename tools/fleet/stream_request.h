// Requests to a mocapd to add or remove a stream. Thread: the client's.
#pragma once

#include <stdbool.h>

#include "protocol/message.h"

struct mocap_client;
struct mocap_message;

enum fleet_stream_reply {
    FLEET_STREAM_DONE,
    FLEET_STREAM_UNCHANGED, // it was so already
    FLEET_STREAM_REFUSED,   // or the request cannot be sent, whatever the connection
    FLEET_STREAM_LATE,      // no answer in time; it may still come, see fleet_stream_read_late
    FLEET_STREAM_LOST,      // the connection is of no more use
};

// Why it was refused; of one that is late or lost, the reason alone.
struct fleet_stream_refusal {
    char code[32], reason[PROTOCOL_REASON_BYTES];
};

// Adds the stream with the options, an object of JSON; NULL: removes it.
enum fleet_stream_reply fleet_stream_ask(struct mocap_client *client, const char *name,
                                         const char *options, struct fleet_stream_refusal *refusal);

// Adds the stream, in place of one of that name with other options if that is ours, which an
// earlier worker or this one handed over. Otherwise it is the machine's own, and stays.
enum fleet_stream_reply fleet_stream_hand(struct mocap_client *client, const char *name,
                                          const char *options, bool is_ours,
                                          struct fleet_stream_refusal *refusal);

// Whether the message is a late answer that a stream has been added; copies the stream's name.
bool fleet_stream_read_late(const struct mocap_message *message, char name[PROTOCOL_NAME_BYTES]);
