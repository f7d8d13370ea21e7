#include "protocol/framing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool protocol_framing_init(struct protocol_framing *framing, size_t limit, struct mc_error *err)
{
    assert(limit > 0);
    *framing = (struct protocol_framing){ .limit = limit, .data = malloc(limit) };
    if (framing->data == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for lines of %zu bytes", limit);
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

// Forgets what was read.
static void drop(struct protocol_framing *framing)
{
    framing->start = framing->searched = framing->end = 0;
}

enum protocol_framing_result protocol_framing_next(struct protocol_framing *framing, char **line,
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
            framing->skipping = false; // that was its end
            continue;
        }
        if (*length > 0 && newline[-1] == '\r') {
            --*length;
        }
        (*line)[*length] = '\0';
        return PROTOCOL_FRAMING_LINE;
    }
}

bool protocol_framing_partial(const struct protocol_framing *framing)
{
    return framing->skipping || framing->end > framing->start;
}
