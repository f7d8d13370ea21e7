// All connections, oldest first, of which some are still to be checked. Thread: loop.
#pragma once

struct server_subscriber;

struct server_connection_list { // zeroed: empty
    struct server_subscriber *first, *last;
    int count;
    struct server_subscriber *unchecked; // the next to be checked; NULL: all were
};

void server_connection_list_append(struct server_connection_list *list,
                                   struct server_subscriber *subscriber);

// If it was the next to be checked, its successor is.
void server_connection_list_remove(struct server_connection_list *list,
                                   struct server_subscriber *subscriber);
