#include "pipeline/mailbox.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct pipeline_mailbox {
    int capacity;
    bool every_frame;
    pthread_cond_t room;
    pthread_mutex_t lock; // guards all below
    bool closed;
    int first, count;
    uint64_t dropped;
    struct pipeline_frame *frames[];
};

struct pipeline_mailbox *pipeline_mailbox_create(int capacity, bool every_frame,
                                                 struct mc_error *err)
{
    assert(capacity > 0);
    struct pipeline_mailbox *mailbox =
        calloc(1, sizeof *mailbox + (size_t)capacity * sizeof mailbox->frames[0]);
    if (mailbox == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the mailbox");
        return NULL;
    }
    mailbox->capacity = capacity;
    mailbox->every_frame = every_frame;
    pthread_mutex_init(&mailbox->lock, NULL);
    pthread_cond_init(&mailbox->room, NULL);
    return mailbox;
}

void pipeline_mailbox_destroy(struct pipeline_mailbox *mailbox)
{
    if (mailbox == NULL) {
        return;
    }
    assert(mailbox->count == 0);
    pthread_cond_destroy(&mailbox->room);
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

static struct pipeline_frame *take_oldest(struct pipeline_mailbox *mailbox)
{
    if (mailbox->count == 0) {
        return NULL;
    }
    struct pipeline_frame *frame = mailbox->frames[mailbox->first];
    mailbox->first = (mailbox->first + 1) % mailbox->capacity;
    mailbox->count--;
    return frame;
}

struct pipeline_frame *pipeline_mailbox_push(struct pipeline_mailbox *mailbox,
                                             struct pipeline_frame *frame)
{
    struct pipeline_frame *gone = NULL;
    pthread_mutex_lock(&mailbox->lock);
    while (mailbox->every_frame && mailbox->count == mailbox->capacity && !mailbox->closed) {
        pthread_cond_wait(&mailbox->room, &mailbox->lock);
    }
    if (mailbox->closed) {
        gone = frame;
    } else {
        if (mailbox->count == mailbox->capacity) {
            gone = take_oldest(mailbox);
            mailbox->dropped++;
        }
        mailbox->frames[(mailbox->first + mailbox->count) % mailbox->capacity] = frame;
        mailbox->count++;
    }
    pthread_mutex_unlock(&mailbox->lock);
    return gone;
}

struct pipeline_frame *pipeline_mailbox_pop(struct pipeline_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    struct pipeline_frame *frame = take_oldest(mailbox);
    pthread_cond_signal(&mailbox->room);
    pthread_mutex_unlock(&mailbox->lock);
    return frame;
}

bool pipeline_mailbox_is_empty(struct pipeline_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    bool empty = mailbox->count == 0;
    pthread_mutex_unlock(&mailbox->lock);
    return empty;
}

void pipeline_mailbox_close(struct pipeline_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    mailbox->closed = true;
    pthread_cond_broadcast(&mailbox->room);
    pthread_mutex_unlock(&mailbox->lock);
}

uint64_t pipeline_mailbox_dropped(struct pipeline_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    uint64_t dropped = mailbox->dropped;
    pthread_mutex_unlock(&mailbox->lock);
    return dropped;
}
