// A request to mocapd or mocap-bridge on a connection of its own, made in a thread of the loop's
// pool. Thread: loop.
#pragma once

#include <stdbool.h>

#include <uv.h>

#include "base/error.h"

enum { WEB_CALLS_MAX = 8 }; // at a time

struct web_call;

// The daemon's message as JSON, a reply or an error; NULL when there was none, and then reason
// says why. Borrowed for the call.
typedef void web_call_done(void *user, const char *reply, const char *reason);

struct web_calls {
    uv_loop_t *loop;
    const char *socket; // of mocapd; NULL: the default one
    int count;          // under way
};

// Starts the loop's pool, as libuv would at the first call, where it aborts when it can't. Returns
// false and sets err without threads. Once, before the first call.
bool web_calls_start(struct web_calls *calls, struct mc_error *err) MC_MUST_USE;

// Sends request, a JSON object without id. on_done is called once, unless web_call_forget comes
// first. Returns NULL and sets err when there are too many calls or no memory.
struct web_call *web_call_start(struct web_calls *calls, const char *request,
                                web_call_done *on_done, void *user,
                                struct mc_error *err) MC_MUST_USE;

// Reads what the Unix socket at path writes until it closes, 64 KiB at most, instead: the state of
// mocap-bridge. The same otherwise; path is borrowed.
struct web_call *web_call_read(struct web_calls *calls, const char *path, web_call_done *on_done,
                               void *user, struct mc_error *err) MC_MUST_USE;

// The caller is gone: the call ends soon, and without a call of on_done. NULL does nothing.
void web_call_forget(struct web_call *call);
