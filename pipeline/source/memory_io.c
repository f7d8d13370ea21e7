#include "pipeline/source/memory_io.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libavformat/avio.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>

enum { BUFFER_BYTES = 32 * 1024 };

struct pipeline_memory_io {
    const unsigned char *data;
    int64_t size, position;
    struct AVIOContext *context;
};

static int read_bytes(void *opaque, uint8_t *buffer, int size)
{
    struct pipeline_memory_io *io = opaque;
    int64_t count = io->size - io->position;
    if (count <= 0) {
        return AVERROR_EOF;
    }
    if (count > size) {
        count = size;
    }
    memcpy(buffer, io->data + io->position, (size_t)count);
    io->position += count;
    return (int)count;
}

static int64_t seek(void *opaque, int64_t offset, int whence)
{
    struct pipeline_memory_io *io = opaque;
    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return io->size;
    case SEEK_SET:
        break;
    case SEEK_CUR:
        offset += io->position;
        break;
    case SEEK_END:
        offset += io->size;
        break;
    default:
        return AVERROR(EINVAL);
    }
    if (offset < 0 || offset > io->size) {
        return AVERROR(EINVAL);
    }
    return io->position = offset;
}

struct pipeline_memory_io *pipeline_memory_io_open(const unsigned char *data, size_t size)
{
    struct pipeline_memory_io *io = calloc(1, sizeof *io);
    unsigned char *buffer = av_malloc(BUFFER_BYTES);
    if (io == NULL || buffer == NULL) {
        free(io);
        av_free(buffer);
        return NULL;
    }
    io->data = data;
    io->size = (int64_t)size;
    io->context = avio_alloc_context(buffer, BUFFER_BYTES, 0, io, read_bytes, NULL, seek);
    if (io->context == NULL) {
        av_free(buffer);
        free(io);
        return NULL;
    }
    return io;
}

void pipeline_memory_io_close(struct pipeline_memory_io *io)
{
    if (io == NULL) {
        return;
    }
    av_freep(&io->context->buffer); // not always the one that we gave
    avio_context_free(&io->context);
    free(io);
}

struct AVIOContext *pipeline_memory_io_context(struct pipeline_memory_io *io)
{
    return io->context;
}
