// The fleet's streams as a server of this machine offers them.
//
// A stream is there from its first report on. When its reports stop, its state says so; when none
// came for a minute, the stream is removed. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "protocol/message.h"
#include "tools/fleet/report.h"

struct fleet_served_streams;
struct fleet_upstream;
struct server_publisher;

enum { FLEET_PATTERNS_MAX = 16 };

struct fleet_patterns {
    int count;                             // 0: all streams
    const char *items[FLEET_PATTERNS_MAX]; // as fnmatch(3) has them; borrowed
};

// Borrows all. Returns NULL when out of memory.
struct fleet_served_streams *fleet_served_streams_create(struct server_publisher *publisher,
                                                         const struct fleet_patterns *patterns);
void fleet_served_streams_destroy(struct fleet_served_streams *served); // NULL does nothing

// Before any report.
void fleet_served_streams_set_upstream(struct fleet_served_streams *served,
                                       struct fleet_upstream *upstream);

void fleet_served_streams_report(struct fleet_served_streams *served,
                                 const struct fleet_state_report *report);

// To be called a few times a second: notices which reports stopped.
void fleet_served_streams_check(struct fleet_served_streams *served);

// Subscriptions have changed.
void fleet_served_streams_follow(struct fleet_served_streams *served);

int fleet_served_streams_count(const struct fleet_served_streams *served);
