// The subcommands of mocapctl. Each is one function with a row in main.c.
#pragma once

#include <stdio.h>

#include "base/compiler.h"
#include "base/error.h"
#include "protocol/mocap.h"

// Exit statuses.
enum {
    MOCAPCTL_OK = 0,
    MOCAPCTL_FAILED = 1, // it was understood, but could not be done
    MOCAPCTL_USAGE = 2,  // it was not understood
};

struct mocapctl_globals {
    const char *socket; // of the daemon; NULL: the default one
};

// argv[0] is the subcommand's name. Returns the exit status.
typedef int mocapctl_command_fn(const struct mocapctl_globals *globals, int argc, char **argv);

mocapctl_command_fn mocapctl_watch;
mocapctl_command_fn mocapctl_status;
mocapctl_command_fn mocapctl_metrics;
mocapctl_command_fn mocapctl_calibrate;
mocapctl_command_fn mocapctl_record;
mocapctl_command_fn mocapctl_replay;
mocapctl_command_fn mocapctl_export;
mocapctl_command_fn mocapctl_overlay;
mocapctl_command_fn mocapctl_model;
mocapctl_command_fn mocapctl_bench;
mocapctl_command_fn mocapctl_compare;

enum { MOCAPCTL_REPLY_MS = 5000 }; // how long mocapd may take to answer

// Connects to the daemon; NULL after a complaint. path NULL: the default socket.
struct mocap_client *mocapctl_connect(const char *path);

// One line on stderr: "mocapctl: <message>".
void mocapctl_complain(const char *format, ...) MC_PRINTF(1, 2);

// What getopt_long found wrong with argv, when it returned found (':' or '?').
// options is its first character string, ":" first.
void mocapctl_option_error(struct mc_error *err, int found, char **argv);

// A whole number from least on, as an option's value; sets err and returns false for
// anything else.
bool mocapctl_parse_count(const char *option, const char *text, long least, long *value,
                          struct mc_error *err);

// Whether both paths lead to one file, by whatever name: a command must not write over
// what it reads. False where either does not exist.
bool mocapctl_file_is_same(const char *a, const char *b);

// Writes text, with control characters replaced: bytes from outside must not
// move the cursor of a terminal.
void mocapctl_write_text(FILE *out, const char *text);
