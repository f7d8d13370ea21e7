// Real programs, started by a test: their output, their end, a directory of
// their own. A failure ends the test. Nothing waits longer than GUARD_S.
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum { GUARD_S = 120 };

struct process {
    pid_t pid;
    char err_path[256]; // where its stderr goes
    char out_path[256]; // where its stdout goes
};

// Makes the directory for this test program, and removes it with all in it.
int process_set_up(void **state);
int process_tear_down(void **state);

// name in the directory. The text is overwritten by the eighth call after this one.
const char *process_path(const char *name);

// Starts program with arguments, the last of them NULL.
struct process process_start(const char *program, const char *const *arguments);

// Waits for its end: the exit status, or 128 and the signal's number.
int process_wait(struct process *process);

// Starts and waits.
int process_run(struct process *process, const char *program, const char *const *arguments);

// What it wrote, as text of at most size - 1 bytes.
void process_read(const char *path, char *text, size_t size);

// Waits until somebody listens at the socket, or the process ends: then the test
// fails with what it said.
void process_wait_socket(const struct process *process, const char *socket_path);

// Fails the test unless the process said exactly one line with this in it.
void process_assert_one_error(const struct process *process, const char *needle);
