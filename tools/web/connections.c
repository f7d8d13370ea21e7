#include "tools/web/connections.h"

#include <libwebsockets.h>

static struct web_connection *find(struct web_connections *connections, const struct lws *wsi)
{
    for (int i = 0; i < connections->count; i++) {
        if (connections->list[i].wsi == wsi) {
            return &connections->list[i];
        }
    }
    return NULL;
}

// Closes the connection that has been idle for longest once more than WEB_CONNECTIONS_KEPT stay.
static void make_room(struct web_connections *connections)
{
    struct web_connection *oldest = NULL;
    int staying = 0;
    for (int i = 0; i < connections->count; i++) {
        struct web_connection *connection = &connections->list[i];
        staying += !connection->is_leaving;
        if (!connection->is_leaving && !connection->is_socket &&
            (oldest == NULL || connection->used < oldest->used)) {
            oldest = connection;
        }
    }
    if (staying > WEB_CONNECTIONS_KEPT && oldest != NULL) {
        oldest->is_leaving = true;
        lws_set_timeout(oldest->wsi, PENDING_TIMEOUT_HTTP_KEEPALIVE_IDLE, LWS_TO_KILL_ASYNC);
    }
}

void web_connections_add(struct web_connections *connections, struct lws *wsi)
{
    if (connections->count < WEB_CONNECTIONS_MAX) {
        connections->list[connections->count++] =
            (struct web_connection){ .wsi = wsi, .used = ++connections->uses };
        make_room(connections);
    }
}

void web_connections_use(struct web_connections *connections, const struct lws *wsi, bool is_socket)
{
    struct web_connection *connection = find(connections, wsi);
    if (connection != NULL) {
        connection->used = ++connections->uses;
        connection->is_socket = is_socket;
        connection->is_leaving = false; // the request has taken the place of the time-out
    }
}

void web_connections_remove(struct web_connections *connections, const struct lws *wsi)
{
    struct web_connection *connection = find(connections, wsi);
    if (connection != NULL) {
        *connection = connections->list[--connections->count];
    }
}
