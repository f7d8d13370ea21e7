#include "protocol/framing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/writer.h"

bool protocol_framing_init(struct protocol_framing *framing, size_t limit, struct mc_error *err)
{
    assert(limit > PROTOCOL_LENGTH_BYTES);
    *framing = (struct protocol_framing){ .limit = limit, .data = malloc(limit) };
    if (framing->data == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for messages of %zu bytes",
                            limit);
    }
    return true;
}

void protocol_framing_finish(struct protocol_framing *framing)
{
    free(framing->data);
    *framing = (struct protocol_framing){ 0 };
}

char *protocol_framing_room(struct protocol_framing *framing, size_t *size)
{
    size_t kept = framing->end - framing->start;
    if (framing->start > 0) {
        memmove(framing->data, framing->data + framing->start, kept);
        framing->searched -= framing->start;
        framing->start = 0;
        framing->end = kept;
    }
    *size = framing->limit - framing->end;
    return framing->data + framing->end;
}

void protocol_framing_add(struct protocol_framing *framing, size_t count)
{
    assert(count <= framing->limit - framing->end);
    framing->end += count;
}

// Forgets the bytes read.
static void drop(struct protocol_framing *framing)
{
    framing->start = framing->searched = framing->end = 0;
}

static enum protocol_framing_result next_line(struct protocol_framing *framing, char **line,
                                              size_t *length)
{
    for (;;) {
        char *from = framing->data + framing->searched;
        char *newline = memchr(from, '\n', framing->end - framing->searched);
        if (newline == NULL) {
            framing->searched = framing->end;
            if (framing->skipping) {
                drop(framing);
            } else if (framing->end - framing->start == framing->limit) {
                drop(framing);
                framing->skipping = true;
                return PROTOCOL_FRAMING_TOO_LONG;
            }
            return PROTOCOL_FRAMING_MORE;
        }
        *line = framing->data + framing->start;
        *length = (size_t)(newline - *line);
        framing->start = framing->searched = (size_t)(newline - framing->data) + 1;
        if (framing->skipping) {
            framing->skipping = false; // this newline ended it
            continue;
        }
        if (*length > 0 && newline[-1] == '\r') {
            --*length;
        }
        (*line)[*length] = '\0';
        return PROTOCOL_FRAMING_MESSAGE;
    }
}

// Drops the bytes at hand of an item that is too long.
static void skip_item(struct protocol_framing *framing)
{
    size_t kept = framing->end - framing->start;
    size_t dropped = kept < framing->skip ? kept : framing->skip;
    framing->start += dropped;
    framing->skip -= dropped;
}

static enum protocol_framing_result next_item(struct protocol_framing *framing, char **item,
                                              size_t *length)
{
    skip_item(framing);
    framing->searched = framing->start; // the bytes kept belong to items, not to a line
    if (framing->end - framing->start < PROTOCOL_LENGTH_BYTES) {
        return PROTOCOL_FRAMING_MORE;
    }
    const unsigned char *head = (const unsigned char *)framing->data + framing->start;
    *length =
        (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    if (*length > framing->limit - PROTOCOL_LENGTH_BYTES) {
        framing->skip = PROTOCOL_LENGTH_BYTES + *length;
        skip_item(framing);
        framing->searched = framing->start;
        return PROTOCOL_FRAMING_TOO_LONG;
    }
    if (framing->end - framing->start < PROTOCOL_LENGTH_BYTES + *length) {
        return PROTOCOL_FRAMING_MORE;
    }
    *item = framing->data + framing->start + PROTOCOL_LENGTH_BYTES;
    framing->start += PROTOCOL_LENGTH_BYTES + *length;
    framing->searched = framing->start;
    return PROTOCOL_FRAMING_MESSAGE;
}

enum protocol_framing_result protocol_framing_next(struct protocol_framing *framing, char **message,
                                                   size_t *length)
{
    return framing->encoding == PROTOCOL_JSON ? next_line(framing, message, length)
                                              : next_item(framing, message, length);
}

bool protocol_framing_partial(const struct protocol_framing *framing)
{
    return framing->skipping || framing->skip > 0 || framing->end > framing->start;
}
