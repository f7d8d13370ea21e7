// The thread that reads and writes a connection of libmosquitto, and makes it again whenever it is
// lost. That library's own thread ends for good at the first error of TLS or of the protocol, such
// as a certificate that is not valid yet because the machine's clock has not been set.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"

struct mosquitto;

struct fleet_mqtt_loop {
    struct mosquitto *mosquitto; // borrowed, as is the URL, which is for the log
    const char *url;
    atomic_bool is_connected;
    pthread_t thread;
    bool has_thread;
    // Of the thread:
    int retry_s;
    char reason[128];     // the library's last error
    char told[128];       // why there is no broker, as it is in the log
    pthread_mutex_t lock; // guards the rest
    pthread_cond_t changed;
    bool is_stopping;
};

// Begins with the connection that has been started, with the two first fields set. Returns false
// and sets err when there is no thread.
bool fleet_mqtt_loop_start(struct fleet_mqtt_loop *loop, struct mc_error *err) MC_MUST_USE;

// Disconnects, and lets that go out, for a second at most. Does nothing where it was not started.
void fleet_mqtt_loop_stop(struct fleet_mqtt_loop *loop);

// What the library's callbacks say; thread: the loop's. While there is no broker, the log has
// each reason once.
void fleet_mqtt_loop_take_connection(struct fleet_mqtt_loop *loop);
void fleet_mqtt_loop_take_refusal(struct fleet_mqtt_loop *loop, const char *reason);
void fleet_mqtt_loop_take_error(struct fleet_mqtt_loop *loop,
                                const char *reason); // before start, too
