// The commands of mocapctl, and what they share.
#pragma once

#include <stdio.h>

#include "base/command.h"
#include "base/compiler.h"
#include "base/error.h"
#include "protocol/mocap.h"

// The options of mocapctl itself.
struct mocapctl_globals {
    const char *socket; // of the daemon; NULL: the default one
};

extern const struct mc_command mocapctl_watch_command;
extern const struct mc_command mocapctl_status_command;
extern const struct mc_command mocapctl_metrics_command;
extern const struct mc_command mocapctl_calibrate_command;
extern const struct mc_command mocapctl_record_command;
extern const struct mc_command mocapctl_replay_command;
extern const struct mc_command mocapctl_export_command;
extern const struct mc_command mocapctl_overlay_command;
extern const struct mc_command mocapctl_model_command;
extern const struct mc_command mocapctl_bench_command;
extern const struct mc_command mocapctl_compare_command;

enum { MOCAPCTL_REPLY_MS = 5000 }; // how long mocapd may take to answer

// Connects to the daemon; NULL after a complaint. path NULL: the default socket.
struct mocap_client *mocapctl_connect(const char *path);

// One line on stderr: "mocapctl: <message>".
void mocapctl_complain(const char *format, ...) MC_PRINTF(1, 2);

// Whether both paths lead to one file, by whatever name: a command must not write over
// what it reads. False where either does not exist.
bool mocapctl_file_is_same(const char *a, const char *b);

// Writes text, with control characters replaced: bytes from outside must not
// move the cursor of a terminal.
void mocapctl_write_text(FILE *out, const char *text);
