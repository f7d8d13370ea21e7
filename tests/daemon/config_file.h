// A configuration file of a test, and what the daemon makes of it. Failures end the test.
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "daemon/command_line.h"
#include "daemon/options.h"

extern struct daemon_options options; // of the last call
extern struct mc_error err;

// Group fixtures: make the file, and remove it.
int config_file_set_up(void **state);
int config_file_tear_down(void **state);

// Writes the file; returns its path.
const char *config_file_write(const char *text);
const char *config_file_write_bytes(const void *bytes, size_t size);

// Reads text as mocapd --config FILE does, with more arguments; the last is NULL.
enum daemon_command_line_result config_file_read(const char *text, ...);

// Fails unless text is read.
void config_file_assert_read(const char *text);

// Fails unless text is refused with the file's path before message, and with it at the start.
void config_file_assert_refused(const char *text, const char *message);

// Reads mocapd's command line; argv ends in NULL.
enum daemon_command_line_result command_line_read(const char *const *argv);
