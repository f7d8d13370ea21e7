// Motion records as a readable table: a line per face.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "protocol/message.h"

enum { MOCAPCTL_TABLE_PAST = 16 }; // records that the rate is taken from

// What is remembered of one stream.
struct mocapctl_table_stream {
    char name[PROTOCOL_NAME_BYTES];
    struct {
        uint64_t seq;
        int64_t published_ns;
    } past[MOCAPCTL_TABLE_PAST]; // a ring
    uint64_t past_count;         // records seen
    uint64_t missed;             // records that did not reach us
};

struct mocapctl_table {
    struct mocapctl_table_stream streams[PROTOCOL_STREAMS_MAX];
    int stream_count;
};

void mocapctl_table_write_header(FILE *out);

// Writes the record's lines; one without faces has a line too. missed is the
// message's; now_ns is when it arrived. table is zero at first.
void mocapctl_table_write(struct mocapctl_table *table, const struct protocol_record *record,
                          uint64_t missed, int64_t now_ns, FILE *out);
