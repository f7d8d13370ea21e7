#include "daemon/tuning.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/profile_store.h"
#include "daemon/tuning_file.h"
#include "pipeline/stream.h"

static void to_settings(const struct pipeline_motion_options *motion,
                        struct protocol_settings *settings)
{
    settings->smooth = motion->smooth.on;
    settings->smooth_min_cutoff = motion->smooth.min_cutoff;
    settings->smooth_beta = motion->smooth.beta;
    settings->fov = motion->fov;
    memcpy(settings->gains.values, motion->gains, sizeof motion->gains);
}

static void from_settings(const struct protocol_settings *settings,
                          struct pipeline_motion_options *motion)
{
    motion->smooth.on = settings->smooth;
    motion->smooth.min_cutoff = settings->smooth_min_cutoff;
    motion->smooth.beta = settings->smooth_beta;
    motion->fov = settings->fov;
    memcpy(motion->gains, settings->gains.values, sizeof motion->gains);
}

static bool is_equal(float a, float b)
{
    return !(a < b) && !(a > b);
}

// What is in use, of which that counts as given which the options do not say.
static void find_changes(const struct daemon_tuning *tuning, struct protocol_settings *changes)
{
    const struct pipeline_motion_options *a = &tuning->current, *b = &tuning->configured;
    to_settings(a, changes);
    changes->given =
        (a->smooth.on == b->smooth.on ? 0 : PROTOCOL_SETTING_SMOOTH) |
        (is_equal(a->smooth.min_cutoff, b->smooth.min_cutoff) ? 0 : PROTOCOL_SETTING_MIN_CUTOFF) |
        (is_equal(a->smooth.beta, b->smooth.beta) ? 0 : PROTOCOL_SETTING_BETA) |
        (is_equal(a->fov, b->fov) ? 0 : PROTOCOL_SETTING_FOV);
    changes->gains.known = 0;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        changes->gains.known |= is_equal(a->gains[i], b->gains[i]) ? 0 : UINT64_C(1) << i;
    }
}

// Sets what is in use to base, changed by what was given.
static void apply(struct daemon_tuning *tuning, const struct pipeline_motion_options *base,
                  const struct protocol_settings *given)
{
    struct protocol_settings settings = { 0 };
    to_settings(base, &settings);
    protocol_settings_merge(&settings, given);
    tuning->current = *base;
    from_settings(&settings, &tuning->current);
    pipeline_stream_set_motion(tuning->stream, &tuning->current);
}

// Uses what was kept. Returns false and sets err when it cannot be read.
static bool load(struct daemon_tuning *tuning, struct mc_error *err)
{
    struct protocol_settings kept;
    tuning->is_unreadable = !daemon_tuning_file_read(tuning->store, tuning->name, &kept, err);
    if (!tuning->is_unreadable && (kept.given != 0 || kept.gains.known != 0)) {
        apply(tuning, &tuning->configured, &kept);
        mc_log(MC_LOG_INFO, "stream %s: with settings made at %s, which win over its options",
               tuning->name, tuning->store->directory);
    }
    return !tuning->is_unreadable;
}

void daemon_tuning_init(struct daemon_tuning *tuning, const struct daemon_profile_store *store,
                        const char *name)
{
    *tuning = (struct daemon_tuning){ .store = store, .name = name };
}

// What is in use: the options, and what was changed.
static void begin(struct daemon_tuning *tuning, const struct pipeline_motion_options *configured)
{
    struct protocol_settings changes = { 0 };
    struct mc_error err = { 0 };
    if (tuning->is_unsaved) {
        find_changes(tuning, &changes);
    }
    tuning->configured = tuning->current = *configured;
    if (tuning->is_unsaved) {
        apply(tuning, configured, &changes);
    } else if (!load(tuning, &err)) {
        mc_log(MC_LOG_WARNING, "stream %s: settings are as in its options: %s", tuning->name,
               err.message);
    }
}

void daemon_tuning_open(struct daemon_tuning *tuning, struct pipeline_stream *stream,
                        const struct pipeline_motion_options *configured)
{
    tuning->stream = stream;
    begin(tuning, configured);
}

void daemon_tuning_configure(struct daemon_tuning *tuning,
                             const struct pipeline_motion_options *configured)
{
    begin(tuning, configured);
    pipeline_stream_set_motion(tuning->stream, &tuning->current);
}

// Saves what differs from the options, one by one: the rest goes on following them.
static bool save(const struct daemon_tuning *tuning, struct mc_error *err)
{
    struct protocol_settings changes = { 0 };
    find_changes(tuning, &changes);
    return daemon_tuning_file_write(tuning->store, tuning->name, &changes, err);
}

bool daemon_tuning_change(struct daemon_tuning *tuning, struct protocol_settings *settings,
                          struct protocol_error *error)
{
    struct mc_error err = { 0 };
    const bool changes = settings->given != 0 || settings->gains.known != 0 || settings->reset;
    if (changes && tuning->is_unreadable && !settings->reset && !load(tuning, &err)) {
        error->code = PROTOCOL_ERROR_STORAGE;
        snprintf(error->message, sizeof error->message, "not changed: %.200s", err.message);
        return false;
    }
    if (changes) {
        const struct pipeline_motion_options base =
            settings->reset ? tuning->configured : tuning->current;
        apply(tuning, &base, settings);
        tuning->is_unsaved = !save(tuning, &err);
        if (tuning->is_unsaved) {
            error->code = PROTOCOL_ERROR_STORAGE;
            snprintf(error->message, sizeof error->message, "in use, but not kept: %.200s",
                     err.message);
            return false;
        }
        tuning->is_unreadable = false;
    }
    find_changes(tuning, settings);
    settings->changed = settings->given != 0 || settings->gains.known != 0;
    return true;
}
