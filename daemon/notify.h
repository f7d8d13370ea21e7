// Telling systemd how it goes: sd_notify(3)'s datagrams, without its library.
// All do nothing when the service manager did not ask (NOTIFY_SOCKET). Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// True when a service manager waits to be told: this is a service.
bool daemon_notify_wanted(void);

// "READY=1", "STOPPING=1", "STATUS=…" or several lines of these. Returns whether
// there was somebody to tell.
bool daemon_notify(const char *lines);

// How often systemd wants to hear WATCHDOG=1, in ms; 0: not at all.
uint64_t daemon_notify_watchdog_ms(void);
