// What a decoder process may ask of the kernel (seccomp(2)): little to open its source, and less
// once that is open. Thread: main, of the decoder.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "pipeline/source/url.h"

// Takes privileges, core dumps and all memory beyond memory_bytes away, and allows only calls
// that opening and decoding a source of that kind needs: no program is started, nothing is
// written, and only network sources have sockets, none of them local. Other calls fail; those
// that only an intruder makes (execve, ptrace, mount, ...) end the process. Returns false and sets
// err where the kernel has no such filters.
bool pipeline_sandbox_enter(enum pipeline_url_kind kind, size_t memory_bytes,
                            struct mc_error *err) MC_MUST_USE;

// The source is open: from now on no memory becomes executable and, unless it reconnects, a new
// socket or connection ends the process. Holds for all of its threads.
bool pipeline_sandbox_tighten(bool reconnects, struct mc_error *err) MC_MUST_USE;
