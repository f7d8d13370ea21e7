// Messages to the service manager: the datagrams of sd_notify(3), without its library.
// Where there is none (NOTIFY_SOCKET is not set) nothing happens. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// True when a service manager started this process and waits for its messages.
bool daemon_notify_is_service(void);

// Sends "READY=1", "STOPPING=1", "STATUS=…" or several lines of these. Returns whether a service
// manager received them.
bool daemon_notify(const char *lines);

// Sends RELOADING=1 with the time, as sd_notify(3) asks for before a reload; READY=1 ends it.
bool daemon_notify_reloading(void);

// The interval at which to send WATCHDOG=1, in ms; 0: never.
uint64_t daemon_notify_watchdog_ms(void);
