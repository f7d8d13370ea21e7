#include "daemon/calibrator.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/profile_store.h"
#include "pipeline/stream.h"
#include "server/publisher.h"

void daemon_calibrator_init(struct daemon_calibrator *calibrator,
                            const struct daemon_profile_store *store,
                            struct server_publisher *publisher, const char *name, int index)
{
    *calibrator = (struct daemon_calibrator){
        .store = store, .publisher = publisher, .name = name, .index = index
    };
}

static void load(struct daemon_calibrator *calibrator)
{
    struct pipeline_profile profile;
    struct mc_error err = { 0 };
    const char *name = calibrator->name;
    calibrator->is_unreadable =
        !daemon_profile_store_active(calibrator->store, name, calibrator->profile, &err) ||
        !daemon_profile_store_read(calibrator->store, name, calibrator->profile, &profile, &err);
    if (calibrator->is_unreadable) {
        mc_log(MC_LOG_ERROR, "stream %s starts without its calibration: %s", name, err.message);
    } else if (profile.face_count > 0) {
        pipeline_stream_load_profile(calibrator->stream, &profile);
        mc_log(MC_LOG_INFO, "stream %s: calibration profile %s, faces: %d", name,
               calibrator->profile, profile.face_count);
    }
}

void daemon_calibrator_open(struct daemon_calibrator *calibrator, struct pipeline_stream *stream)
{
    calibrator->stream = stream;
    if (calibrator->is_unsaved) {
        pipeline_stream_load_profile(stream, &calibrator->previous);
    } else {
        load(calibrator);
    }
}

// Reads the profile and uses it. The present one needs no reading.
static bool use(struct daemon_calibrator *calibrator, const char *name,
                struct protocol_error *error)
{
    struct pipeline_profile profile;
    struct mc_error err = { 0 };
    if (strcmp(calibrator->profile, name) == 0 && !calibrator->is_unreadable) {
        return true;
    }
    if (!daemon_profile_store_read(calibrator->store, calibrator->name, name, &profile, &err)) {
        return protocol_refuse(error, PROTOCOL_ERROR_STORAGE, "%s", err.message);
    }
    pipeline_stream_load_profile(calibrator->stream, &profile);
    snprintf(calibrator->profile, sizeof calibrator->profile, "%s", name);
    calibrator->is_unreadable = false;
    return true;
}

// ---- measuring

// Keeps what was measured, and which profile is in use.
static bool keep(struct daemon_calibrator *calibrator, struct protocol_error *error)
{
    struct pipeline_profile profile;
    struct mc_error err = { 0 };
    pipeline_stream_profile(calibrator->stream, &profile);
    calibrator->is_unsaved = !daemon_profile_store_write(calibrator->store, calibrator->name,
                                                         calibrator->profile, &profile, &err) ||
                             !daemon_profile_store_set_active(calibrator->store, calibrator->name,
                                                              calibrator->profile, &err);
    return !calibrator->is_unsaved ||
           protocol_refuse(error, PROTOCOL_ERROR_STORAGE, "in use, but not kept: %s", err.message);
}

static void fill_ranges(const struct daemon_calibrator *calibrator,
                        const struct pipeline_calibrated *measured,
                        struct protocol_calibrated *calibrated)
{
    calibrated->range_count = calibrator->range == 0 ? 0 : measured->face_count;
    for (int i = 0; i < calibrated->range_count; i++) {
        struct protocol_shape_range *range = &calibrated->ranges[i];
        range->peaks.known = range->gains.known = calibrator->range;
        memcpy(range->peaks.values, measured->faces[i].peaks, sizeof range->peaks.values);
        memcpy(range->gains.values, measured->faces[i].gains, sizeof range->gains.values);
    }
}

// Nothing was measured: a profile that was chosen for it is not used after all.
static void go_back(struct daemon_calibrator *calibrator)
{
    if (strcmp(calibrator->profile, calibrator->previous_name) != 0) {
        pipeline_stream_load_profile(calibrator->stream, &calibrator->previous);
        snprintf(calibrator->profile, sizeof calibrator->profile, "%s", calibrator->previous_name);
        calibrator->is_unreadable = calibrator->previous_is_unreadable;
    }
}

void daemon_calibrator_close(struct daemon_calibrator *calibrator)
{
    if (calibrator->measuring) {
        calibrator->measuring = false;
        go_back(calibrator);
    }
    if (calibrator->is_unsaved) {
        pipeline_stream_profile(calibrator->stream, &calibrator->previous);
    }
}

static void on_measured(void *user, const struct pipeline_calibrated *measured)
{
    struct daemon_calibrator *calibrator = user;
    struct protocol_calibrated calibrated = { .faces = measured->face_count };
    struct protocol_error error = { 0 };
    calibrator->measuring = false;
    mc_log(MC_LOG_INFO, "stream %s: calibrated, profile %s, faces: %d", calibrator->name,
           calibrator->profile, measured->face_count);
    if (measured->face_count == 0) {
        protocol_refuse(
            &error, PROTOCOL_ERROR_NO_FACE,
            "no face looked at the camera of %s for long enough; measuring takes two frames a "
            "second or more",
            calibrator->name);
        go_back(calibrator);
    } else if (keep(calibrator, &error)) {
        snprintf(calibrated.profile, sizeof calibrated.profile, "%s", calibrator->profile);
        fill_ranges(calibrator, measured, &calibrated);
        server_publisher_calibrated(calibrator->publisher, calibrator->index, &calibrated);
        return;
    }
    server_publisher_not_calibrated(calibrator->publisher, calibrator->index, &error);
}

static bool refuse_busy(const struct daemon_calibrator *calibrator, struct protocol_error *error)
{
    return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                           "calibrate: another calibration of %s is not over yet",
                           calibrator->name);
}

// Whether the profile can be kept beside the others.
static bool has_room(const struct daemon_calibrator *calibrator, const char *name,
                     struct protocol_error *error)
{
    char names[PROTOCOL_PROFILES_MAX][PROTOCOL_NAME_BYTES];
    return daemon_profile_store_has(calibrator->store, calibrator->name, name) ||
           daemon_profile_store_list(calibrator->store, calibrator->name, names) <
               PROTOCOL_PROFILES_MAX ||
           protocol_refuse(
               error, PROTOCOL_ERROR_STORAGE,
               "profile: %s already has %d saved profiles, the maximum; reset one before creating "
               "'%s'",
               calibrator->name, PROTOCOL_PROFILES_MAX, name);
}

bool daemon_calibrator_measure(struct daemon_calibrator *calibrator,
                               const struct protocol_request *request, struct protocol_error *error)
{
    const char *profile = request->profile[0] == '\0' ? calibrator->profile : request->profile;
    const uint64_t range = request->action == PROTOCOL_CALIBRATE_RANGE ? request->shapes : 0;
    if (calibrator->measuring) {
        return (calibrator->range == range && strcmp(calibrator->profile, profile) == 0) ||
               refuse_busy(calibrator, error);
    }
    snprintf(calibrator->previous_name, sizeof calibrator->previous_name, "%s",
             calibrator->profile);
    calibrator->previous_is_unreadable = calibrator->is_unreadable;
    pipeline_stream_profile(calibrator->stream, &calibrator->previous);
    if (!has_room(calibrator, profile, error) || !use(calibrator, profile, error)) {
        return false;
    }
    calibrator->measuring = true;
    calibrator->range = range;
    pipeline_stream_calibrate(calibrator->stream, range, on_measured, calibrator);
    return true;
}

// ---- showing

static void fill_face(const struct pipeline_face_profile *face,
                      struct protocol_face_calibration *shown)
{
    shown->neutral = face->has_neutral;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        const float offset = face->neutral[PIPELINE_CHANNEL_SHAPES + i];
        if (face->has_neutral && isfinite(offset)) {
            shown->offsets.known |= UINT64_C(1) << i;
            shown->offsets.values[i] = offset;
        }
        if (face->gains[i] > 1) {
            shown->gains.known |= UINT64_C(1) << i;
            shown->gains.values[i] = face->gains[i];
        }
    }
}

static void list(const struct daemon_calibrator *calibrator,
                 struct protocol_calibration *calibration)
{
    const int count =
        daemon_profile_store_list(calibrator->store, calibrator->name, calibration->profiles);
    if (count > PROTOCOL_PROFILES_MAX) { // copied there by hand
        mc_log(MC_LOG_WARNING, "stream %s has %d calibration profiles, of which %d are listed",
               calibrator->name, count, PROTOCOL_PROFILES_MAX);
    }
    calibration->profile_count = count < PROTOCOL_PROFILES_MAX ? count : PROTOCOL_PROFILES_MAX;
}

static bool fill(const struct daemon_calibrator *calibrator, const char *name,
                 struct protocol_calibration *calibration, struct protocol_error *error)
{
    struct pipeline_profile profile;
    struct mc_error err = { 0 };
    calibration->active = strcmp(name, calibrator->profile) == 0 && !calibrator->is_unreadable;
    if (calibration->active) {
        pipeline_stream_profile(calibrator->stream, &profile);
    } else if (!daemon_profile_store_read(calibrator->store, calibrator->name, name, &profile,
                                          &err)) {
        return protocol_refuse(error, PROTOCOL_ERROR_STORAGE, "%s", err.message);
    }
    snprintf(calibration->profile, sizeof calibration->profile, "%s", name);
    calibration->face_count = profile.face_count;
    for (int i = 0; i < profile.face_count; i++) {
        fill_face(&profile.faces[i], &calibration->faces[i]);
    }
    calibration->shapes = pipeline_stream_shapes(calibrator->stream);
    list(calibrator, calibration);
    return true;
}

static bool reset(struct daemon_calibrator *calibrator, const char *name,
                  struct protocol_error *error)
{
    const struct pipeline_profile empty = { 0 };
    struct mc_error err = { 0 };
    if (!daemon_profile_store_write(calibrator->store, calibrator->name, name, &empty, &err)) {
        return protocol_refuse(error, PROTOCOL_ERROR_STORAGE, "not reset: %s", err.message);
    }
    if (strcmp(name, calibrator->profile) == 0) {
        pipeline_stream_load_profile(calibrator->stream, NULL);
        calibrator->is_unreadable = false;
    }
    return true;
}

// Uses the profile from now on.
static bool choose(struct daemon_calibrator *calibrator, const char *name,
                   struct protocol_error *error)
{
    struct mc_error err = { 0 };
    if (strcmp(name, "default") != 0 &&
        !daemon_profile_store_has(calibrator->store, calibrator->name, name)) {
        return protocol_refuse(error, PROTOCOL_ERROR_BAD_REQUEST,
                               "profile: must be default or one that is kept, got '%s'", name);
    }
    const bool is_another = strcmp(name, calibrator->profile) != 0;
    if (!use(calibrator, name, error)) {
        return false;
    }
    const bool saved =
        daemon_profile_store_set_active(calibrator->store, calibrator->name, name, &err);
    calibrator->is_unsaved = !saved || (calibrator->is_unsaved && !is_another);
    return saved ||
           protocol_refuse(error, PROTOCOL_ERROR_STORAGE, "in use, but not kept: %s", err.message);
}

bool daemon_calibrator_show(struct daemon_calibrator *calibrator,
                            const struct protocol_request *request,
                            struct protocol_calibration *calibration, struct protocol_error *error)
{
    char name[PROTOCOL_NAME_BYTES];
    snprintf(name, sizeof name, "%s",
             request->profile[0] == '\0' ? calibrator->profile : request->profile);
    if (calibrator->measuring && request->action != PROTOCOL_CALIBRATE_SHOW) {
        return refuse_busy(calibrator, error);
    }
    if (request->action == PROTOCOL_CALIBRATE_USE && !choose(calibrator, name, error)) {
        return false;
    }
    if (request->action == PROTOCOL_CALIBRATE_RESET && !reset(calibrator, name, error)) {
        return false;
    }
    return fill(calibrator, name, calibration, error);
}
