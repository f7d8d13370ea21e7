#include "tools/bridge/vts_mailbox.h"

#include <assert.h>

void bridge_vts_mailbox_init(struct bridge_vts_mailbox *mailbox)
{
    *mailbox = (struct bridge_vts_mailbox){ .is_open = false };
    pthread_mutex_init(&mailbox->lock, NULL);
}

void bridge_vts_mailbox_finish(struct bridge_vts_mailbox *mailbox)
{
    pthread_mutex_destroy(&mailbox->lock);
}

// With the lock held.
static void lose_next(struct bridge_vts_mailbox *mailbox)
{
    if (mailbox->has_next) {
        mailbox->lost += (uint64_t)mailbox->next.count;
    }
    mailbox->has_next = false;
}

void bridge_vts_mailbox_set_open(struct bridge_vts_mailbox *mailbox, bool is_open)
{
    pthread_mutex_lock(&mailbox->lock);
    mailbox->is_open = is_open;
    if (!is_open) {
        lose_next(mailbox);
        mailbox->lost += (uint64_t)(mailbox->sending.count - mailbox->sent_count);
        mailbox->sending.count = mailbox->sent_count = 0;
    }
    pthread_mutex_unlock(&mailbox->lock);
}

bool bridge_vts_mailbox_push(struct bridge_vts_mailbox *mailbox,
                             const struct bridge_packets *packets)
{
    pthread_mutex_lock(&mailbox->lock);
    const bool is_open = mailbox->is_open;
    if (is_open) {
        lose_next(mailbox);
        mailbox->next = *packets;
        mailbox->has_next = true;
    } else {
        mailbox->lost += (uint64_t)packets->count;
    }
    pthread_mutex_unlock(&mailbox->lock);
    return is_open;
}

const unsigned char *bridge_vts_mailbox_peek(struct bridge_vts_mailbox *mailbox, size_t *size)
{
    if (mailbox->sent_count == mailbox->sending.count) {
        mailbox->sending.count = mailbox->sent_count = 0;
        mailbox->sent_bytes = 0;
        pthread_mutex_lock(&mailbox->lock);
        if (mailbox->has_next) {
            mailbox->sending = mailbox->next;
            mailbox->has_next = false;
        }
        pthread_mutex_unlock(&mailbox->lock);
    }
    if (mailbox->sending.count == 0) {
        return NULL;
    }
    *size = mailbox->sending.sizes[mailbox->sent_count];
    return mailbox->sending.bytes + mailbox->sent_bytes;
}

void bridge_vts_mailbox_pop(struct bridge_vts_mailbox *mailbox)
{
    assert(mailbox->sent_count < mailbox->sending.count);
    mailbox->sent_bytes += mailbox->sending.sizes[mailbox->sent_count++];
    pthread_mutex_lock(&mailbox->lock);
    mailbox->sent++;
    pthread_mutex_unlock(&mailbox->lock);
}

void bridge_vts_mailbox_counts(struct bridge_vts_mailbox *mailbox, uint64_t *sent, uint64_t *lost)
{
    pthread_mutex_lock(&mailbox->lock);
    *sent = mailbox->sent;
    *lost = mailbox->lost;
    pthread_mutex_unlock(&mailbox->lock);
}
