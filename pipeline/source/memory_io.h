// A file in memory, for FFmpeg to read.
#pragma once

#include <stddef.h>

struct AVIOContext;
struct pipeline_memory_io;

// Borrows data until closed. Returns NULL when out of memory.
struct pipeline_memory_io *pipeline_memory_io_open(const unsigned char *data, size_t size);
void pipeline_memory_io_close(struct pipeline_memory_io *io);

// Lives as long as io.
struct AVIOContext *pipeline_memory_io_context(struct pipeline_memory_io *io);
