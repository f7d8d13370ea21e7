// A session with VTube Studio's plugin API: a WebSocket on a thread of its own, that is connected
// again when it ends. VTube Studio asks its user once whether the plugin is allowed; the token that
// it then gives is kept in the user's state folder.
#pragma once

#include <stdint.h>

#include "protocol/mocap.h"
#include "tools/bridge/packets.h"
#include "tools/bridge/udp.h"

struct bridge_vts;

// Reads the address as bridge_address_init does, and starts to connect. Returns NULL and sets err
// when it is none, or when out of memory or threads.
struct bridge_vts *bridge_vts_create(const char *address, const char *default_port,
                                     struct mc_error *err) MC_MUST_USE;
void bridge_vts_destroy(struct bridge_vts *vts); // NULL does nothing

// Hands over requests to send; those that wait are replaced, and lost, as all are while there is
// nobody to send them to. Any thread.
void bridge_vts_send(struct bridge_vts *vts, const struct bridge_packets *packets);

// How many of the requests handed over were sent and lost so far; others wait. Any thread.
void bridge_vts_counts(struct bridge_vts *vts, uint64_t *sent, uint64_t *lost);

// Goes on connecting. Any thread.
void bridge_vts_update(struct bridge_vts *vts);

// *reason says why it is not UP, or is "". Any thread.
enum bridge_link_state bridge_vts_state(struct bridge_vts *vts, char *reason, size_t size);

// Whether the shape becomes a custom parameter: those that VTube Studio has itself don't.
bool bridge_vts_is_custom(enum mocap_shape shape);
