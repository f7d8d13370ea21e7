#include "pipeline/frame_pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include <libavutil/frame.h>

struct pipeline_frame_pool {
    int count;
    pthread_mutex_t lock; // guards free_list and the next of its frames
    struct pipeline_frame *free_list;
    struct pipeline_frame frames[];
};

struct pipeline_frame_pool *pipeline_frame_pool_create(int count, struct mc_error *err)
{
    assert(count > 0);
    struct pipeline_frame_pool *pool =
        calloc(1, sizeof *pool + (size_t)count * sizeof pool->frames[0]);
    if (pool == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for %d frames", count);
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pool->count = count;
    for (int i = 0; i < count; i++) {
        struct pipeline_frame *frame = &pool->frames[i];
        frame->image = av_frame_alloc();
        if (frame->image == NULL) {
            mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for %d frames", count);
            pipeline_frame_pool_destroy(pool);
            return NULL;
        }
        frame->next = pool->free_list;
        pool->free_list = frame;
    }
    return pool;
}

void pipeline_frame_pool_destroy(struct pipeline_frame_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (int i = 0; i < pool->count; i++) {
        av_frame_free(&pool->frames[i].image);
    }
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int pipeline_frame_pool_count(const struct pipeline_frame_pool *pool)
{
    return pool->count;
}

struct pipeline_frame *pipeline_frame_pool_acquire(struct pipeline_frame_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct pipeline_frame *frame = pool->free_list;
    if (frame != NULL) {
        pool->free_list = frame->next;
        frame->next = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    return frame;
}

void pipeline_frame_pool_release(struct pipeline_frame_pool *pool, struct pipeline_frame *frame)
{
    if (frame == NULL) {
        return;
    }
    av_frame_unref(frame->image);
    pthread_mutex_lock(&pool->lock);
    frame->next = pool->free_list;
    pool->free_list = frame;
    pthread_mutex_unlock(&pool->lock);
}
