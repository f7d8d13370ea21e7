// An output: one language of avatar programs. Each is a file of its own with one constant of this
// struct, and a line in the table of output.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tools/bridge/face_numbers.h"
#include "tools/bridge/packets.h"
#include "tools/bridge/settings.h"
#include "tools/bridge/skeleton.h"

enum bridge_transport {
    BRIDGE_UDP,          // each packet is a datagram
    BRIDGE_VTUBE_STUDIO, // each packet is a request to VTube Studio, over its WebSocket
};

// What a target shows at one moment. Faces are as the target's settings have them: mirrored, with
// gains and from the neutral face.
struct bridge_view {
    // NULL: there is no record, since the stream is down or the daemon is.
    const struct mocap_record *record;
    const struct mocap_face *face; // the face to show; NULL: none. It has shapes, maybe all 0
    const struct mocap_gaze *gaze; // of that face; NULL: not known
    bool is_tracked;               // the face was seen in this frame
    const struct bridge_face_numbers *numbers; // of the record's faces
    double time_s;                             // since the bridge started
    double unix_s;                             // when the frame arrived, by the wall clock
};

// What an output may know of its target.
struct bridge_output_target {
    const struct bridge_settings *settings;
    const struct bridge_skeleton *skeleton;
    void *state; // state_bytes of the output's, zeroed at first
};

struct bridge_output {
    const char *name;  // the option's, and the type in a section: "vmc"
    const char *title; // "VMC"
    const char *port;  // when the address has none
    enum bridge_transport transport;
    size_t state_bytes;

    // Adds the packets of the view, none if there is nothing to say.
    void (*write)(const struct bridge_output_target *target, const struct bridge_view *view,
                  struct bridge_packets *packets);
};

extern const struct bridge_output bridge_output_vmc;
extern const struct bridge_output bridge_output_osf;
extern const struct bridge_output bridge_output_vrchat;
extern const struct bridge_output bridge_output_ifacialmocap;
extern const struct bridge_output bridge_output_live_link;
extern const struct bridge_output bridge_output_vtube_studio;
extern const struct bridge_output bridge_output_opentrack;
extern const struct bridge_output bridge_output_osc;

extern const struct bridge_output *const bridge_outputs[]; // ends in NULL

// The output called name; NULL and sets err to "label must be vmc, osf, ..., got '...'".
const struct bridge_output *bridge_output_find(const char *label, const char *name,
                                               struct mc_error *err);
