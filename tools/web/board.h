// What browsers show: a fixed number of slots, each with the newest text of its kind. Nothing
// queues: a text that was not taken yet is replaced, so a slow browser gets only the newest and
// costs no memory.
//
// One thread puts, the loop takes. Memory grows with the longest text and stays.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "protocol/message.h"

enum {
    WEB_BOARD_STREAMS_MAX = 64,
    WEB_BOARD_WEB = 0,   // of mocap-web itself
    WEB_BOARD_HELLO = 1, // then of each stream its state and its newest record
    WEB_BOARD_SLOTS = 2 + 2 * WEB_BOARD_STREAMS_MAX,
    WEB_BOARD_HEADROOM = 32, // bytes before a text, for the sender's use
};

static inline int web_board_state_slot(int stream)
{
    return 2 + 2 * stream;
}

static inline int web_board_record_slot(int stream)
{
    return 3 + 2 * stream;
}

// -1: the slot is none of a record.
static inline int web_board_stream_of_record(int slot)
{
    return slot > WEB_BOARD_HELLO && slot % 2 == 1 ? (slot - 3) / 2 : -1;
}

struct web_text {
    char *bytes; // WEB_BOARD_HEADROOM bytes, then the text
    size_t length, capacity;
};

struct web_slot {
    // For the loop: 0 until there is a text, then one more for each.
    uint64_t version;
    struct web_text shown;
    struct web_text put; // with the board's lock, as is_put
    bool is_put;
};

struct web_board {
    pthread_mutex_t lock;
    char streams[WEB_BOARD_STREAMS_MAX][PROTOCOL_NAME_BYTES]; // with the lock
    struct web_slot slots[WEB_BOARD_SLOTS];
};

bool web_board_init(struct web_board *board, struct mc_error *err) MC_MUST_USE;
void web_board_finish(struct web_board *board);

// Puts a text; length 0 empties the slot. Returns false and leaves the slot as it was when
// out of memory. Thread: the one that puts.
bool web_board_put(struct web_board *board, int slot, const char *text, size_t length) MC_MUST_USE;

// Names a stream; its slots follow from its number. Thread: the one that puts.
void web_board_name(struct web_board *board, int stream, const char *name);

// The stream of that name; -1: there is none. Thread: loop.
int web_board_find(struct web_board *board, const char *name);

// Moves what was put since the last call into version and shown. Returns whether there was
// anything. Thread: loop.
bool web_board_take(struct web_board *board);
