#include "tools/web/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool web_board_init(struct web_board *board, struct mc_error *err)
{
    memset(board, 0, sizeof *board);
    const int status = pthread_mutex_init(&board->lock, NULL);
    return status == 0 || mc_error_set(err, MC_ERROR_SYSTEM, status, "no lock for the board");
}

void web_board_finish(struct web_board *board)
{
    for (int i = 0; i < WEB_BOARD_SLOTS; i++) {
        free(board->slots[i].shown.bytes);
        free(board->slots[i].put.bytes);
    }
    pthread_mutex_destroy(&board->lock);
}

static bool reserve(struct web_text *text, size_t length)
{
    if (length <= text->capacity) {
        return true;
    }
    char *bytes = realloc(text->bytes, WEB_BOARD_HEADROOM + length);
    if (bytes == NULL) {
        return false;
    }
    text->bytes = bytes;
    text->capacity = length;
    return true;
}

bool web_board_put(struct web_board *board, int slot, const char *text, size_t length)
{
    struct web_slot *into = &board->slots[slot];
    pthread_mutex_lock(&board->lock);
    const bool good = reserve(&into->put, length);
    if (good) {
        if (length > 0) {
            memcpy(into->put.bytes + WEB_BOARD_HEADROOM, text, length);
        }
        into->put.length = length;
        into->is_put = true;
    }
    pthread_mutex_unlock(&board->lock);
    return good;
}

void web_board_name(struct web_board *board, int stream, const char *name)
{
    pthread_mutex_lock(&board->lock);
    snprintf(board->streams[stream], PROTOCOL_NAME_BYTES, "%s", name);
    pthread_mutex_unlock(&board->lock);
}

int web_board_find(struct web_board *board, const char *name)
{
    int found = -1;
    pthread_mutex_lock(&board->lock);
    for (int i = 0; i < WEB_BOARD_STREAMS_MAX && found < 0; i++) {
        found = name[0] != '\0' && strcmp(board->streams[i], name) == 0 ? i : -1;
    }
    pthread_mutex_unlock(&board->lock);
    return found;
}

bool web_board_take(struct web_board *board)
{
    bool any = false;
    pthread_mutex_lock(&board->lock);
    for (int i = 0; i < WEB_BOARD_SLOTS; i++) {
        struct web_slot *slot = &board->slots[i];
        if (slot->is_put) {
            const struct web_text taken = slot->put;
            slot->put = slot->shown;
            slot->shown = taken;
            slot->is_put = false;
            slot->version++;
            any = true;
        }
    }
    pthread_mutex_unlock(&board->lock);
    return any;
}
