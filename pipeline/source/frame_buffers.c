#include "pipeline/source/frame_buffers.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <libavcodec/avcodec.h>
#include <libavutil/buffer.h>
#include <libavutil/frame.h>

#include "pipeline/source/frame_layout.h"

struct pipeline_frame_buffers {
    pthread_mutex_t lock; // guards all below
    AVBufferPool *pool;   // of buffers that are free again; NULL before the first frame
    size_t bytes;         // of each
};

static void unmap(void *size, uint8_t *data)
{
    munmap(data, (size_t)(uintptr_t)size);
}

static AVBufferRef *map(void *opaque, size_t size)
{
    (void)opaque;
    uint8_t *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) {
        return NULL;
    }
    AVBufferRef *buffer = av_buffer_create(data, size, unmap, (void *)(uintptr_t)size, 0);
    if (buffer == NULL) {
        munmap(data, size);
    }
    return buffer;
}

struct pipeline_frame_buffers *pipeline_frame_buffers_create(void)
{
    struct pipeline_frame_buffers *buffers = calloc(1, sizeof *buffers);
    if (buffers != NULL) {
        pthread_mutex_init(&buffers->lock, NULL);
    }
    return buffers;
}

void pipeline_frame_buffers_destroy(struct pipeline_frame_buffers *buffers)
{
    if (buffers == NULL) {
        return;
    }
    av_buffer_pool_uninit(&buffers->pool); // for good once no frame is held any more
    pthread_mutex_destroy(&buffers->lock);
    free(buffers);
}

static AVBufferRef *take(struct pipeline_frame_buffers *buffers, size_t bytes)
{
    pthread_mutex_lock(&buffers->lock);
    if (buffers->pool == NULL || buffers->bytes != bytes) {
        av_buffer_pool_uninit(&buffers->pool);
        buffers->pool = av_buffer_pool_init2(bytes, NULL, map, NULL);
        buffers->bytes = bytes;
    }
    AVBufferRef *buffer = buffers->pool != NULL ? av_buffer_pool_get(buffers->pool) : NULL;
    pthread_mutex_unlock(&buffers->lock);
    return buffer;
}

int pipeline_frame_buffers_get(void *buffers, struct AVCodecContext *codec, struct AVFrame *frame,
                               int flags)
{
    struct pipeline_frame_layout layout;
    if (!pipeline_frame_layout_for_codec(&layout, codec, frame)) {
        return avcodec_default_get_buffer2(codec, frame, flags);
    }
    frame->buf[0] = take(buffers, layout.bytes);
    if (frame->buf[0] == NULL) {
        return AVERROR(ENOMEM);
    }
    pipeline_frame_layout_set(&layout, frame, frame->buf[0]->data);
    return 0;
}
