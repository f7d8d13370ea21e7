// Options that every command of mocap-fleet takes.
#pragma once

#include "base/command.h"
#include "base/log.h"
#include "protocol/record.h"

// Text is borrowed from the command line.
struct fleet_options {
    const char *nats;        // URLs of the cluster's servers, with commas; NULL: not given
    const char *site;        // where the cameras are; NULL: FLEET_SITE_DEFAULT
    const char *login;       // file: USER:PASSWORD, or a token
    const char *credentials; // file of NATS: JWT and seed
    const char *ca;          // file: certificates that sign the broker's
    const char *certificate; // file: of this client, with key
    const char *key;
    int log_level; // enum mc_log_level; -1: not given
};

#define FLEET_SITE_DEFAULT "default"

extern const struct mc_option fleet_options_table[];
extern const struct fleet_options fleet_options_default;

// Sets the level of the log: that which was given, or otherwise this one.
void fleet_options_set_log(const struct fleet_options *options, enum mc_log_level otherwise);

const char *fleet_options_site(const struct fleet_options *options);

// Whether they make sense together.
//   mqtt  URL of an MQTT broker that is used, too, or instead of NATS; NULL: none
bool fleet_options_check(const struct fleet_options *options, const char *mqtt,
                         struct mc_error *err) MC_MUST_USE;

// The exit status of a command that failed for this reason: wrong options stay wrong, and a service
// is not started again with them.
int fleet_options_exit_status(const struct mc_error *err);

// Reads a label such as room=3: an mc_option's `set` for a field of struct fleet_labels.
bool fleet_options_read_label(void *field, const char *label, const char *value,
                              struct mc_error *err);
