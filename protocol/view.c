#include "protocol/view.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static_assert((int)MOCAP_SHAPE_COUNT == PROTOCOL_SHAPE_COUNT &&
                  (int)MOCAP_JAW_OPEN == PROTOCOL_JAW_OPEN &&
                  (int)MOCAP_BROW_OUTER_UP_RIGHT == PROTOCOL_BROW_OUTER_UP_RIGHT &&
                  (int)MOCAP_JAW_FORWARD == PROTOCOL_JAW_FORWARD &&
                  (int)MOCAP_TONGUE_OUT == PROTOCOL_TONGUE_OUT,
              "the same shapes in the same order");
static_assert((int)MOCAP_LOST_HOLD == PROTOCOL_LOST_HOLD &&
                  (int)MOCAP_LOST_NEUTRAL == PROTOCOL_LOST_NEUTRAL,
              "the same choices in the same order");

const char *mocap_shape_name(enum mocap_shape shape)
{
    return (int)shape >= 0 && shape < MOCAP_SHAPE_COUNT
               ? protocol_shape_name((enum protocol_shape)shape)
               : NULL;
}

static void show_keypoints(struct mocap_keypoint *shown, const struct mc_keypoint *points,
                           int count)
{
    for (int i = 0; i < count; i++) {
        shown[i] = (struct mocap_keypoint){ points[i].x, points[i].y, points[i].c };
    }
}

static void show_pose(struct mocap_pose *shown, const struct protocol_pose *pose)
{
    memcpy(shown->rotation, pose->rotation, sizeof shown->rotation);
    memcpy(shown->euler, pose->euler, sizeof shown->euler);
    memcpy(shown->translation, pose->translation, sizeof shown->translation);
    shown->error = pose->error;
}

static void show_gaze(struct mocap_gaze *shown, const struct protocol_gaze *gaze)
{
    memcpy(shown->left, gaze->left, sizeof shown->left);
    memcpy(shown->right, gaze->right, sizeof shown->right);
    memcpy(shown->point, gaze->point, sizeof shown->point);
    shown->has_point = gaze->has_point;
}

static void show_more(struct protocol_view *view, int index, const struct protocol_face *face)
{
    struct mocap_face_more *shown = &view->more[index];
    *shown = (struct mocap_face_more){ 0 };
    if (face->has_gaze) {
        show_gaze(&view->gazes[index], &face->gaze);
        shown->gaze = &view->gazes[index];
    }
    if (face->has_dense) {
        show_keypoints(view->dense[index], face->dense, face->dense_count);
        shown->dense_count = face->dense_count;
        shown->dense = view->dense[index];
    }
    view->more_list[index] = shown;
}

static void show_face(struct protocol_view *view, int index, const struct protocol_face *face)
{
    struct mocap_face *shown = &view->faces[index];
    *shown = (struct mocap_face){ .id = face->id,
                                  .score = face->score,
                                  .keypoint_count = face->keypoint_count };
    memcpy(shown->box, face->box, sizeof shown->box);
    if (face->keypoint_count > 0) {
        show_keypoints(view->keypoints[index], face->keypoints, face->keypoint_count);
        shown->keypoints = view->keypoints[index];
    }
    if (face->has_raw) {
        show_keypoints(view->raw[index], face->raw, face->keypoint_count);
        shown->raw = view->raw[index];
    }
    if (face->has_pose) {
        show_pose(&view->poses[index], &face->pose);
        shown->pose = &view->poses[index];
    }
    shown->jacobians = face->has_jacobians ? face->jacobians : NULL;
    shown->shapes = face->has_shapes ? face->shapes : NULL;
}

static void show_record(struct protocol_view *view, const struct protocol_message *message)
{
    const struct protocol_record *record = &message->record;
    view->timing =
        (struct mocap_timing){ record->timing.reassembly, record->timing.decode,
                               record->timing.wait, record->timing.scale, record->timing.infer };
    view->record = (struct mocap_record){
        .stream = record->stream,
        .seq = record->seq,
        .pts = record->pts,
        .t_arrival_ns = record->t_arrival_ns,
        .t_publish_ns = record->t_publish_ns,
        .width = record->width,
        .height = record->height,
        .dropped = record->dropped,
        .missed = message->missed,
        .damaged = record->damaged,
        .lost = (enum mocap_lost)record->lost,
        .timing = message->has_timing ? &view->timing : NULL,
        .face_count = record->face_count,
        .faces = view->faces,
        .more = view->more_list,
        .fence = record->fence,
    };
    for (int i = 0; i < record->face_count; i++) {
        show_face(view, i, &record->faces[i]);
        show_more(view, i, &record->faces[i]);
    }
}

void protocol_view_message(struct protocol_view *view, const struct protocol_message *message,
                           struct mocap_message *shown)
{
    *shown = (struct mocap_message){ .type = MOCAP_OTHER };
    switch (message->type) {
    case PROTOCOL_MESSAGE_MOTION:
        show_record(view, message);
        shown->type = MOCAP_RECORD;
        shown->record = &view->record;
        shown->stream = message->record.stream;
        break;
    case PROTOCOL_MESSAGE_STATE:
        shown->type = MOCAP_STATE;
        shown->stream = message->state.stream;
        shown->state = protocol_stream_state_name(message->state.state);
        shown->reason = message->state.reason;
        break;
    case PROTOCOL_MESSAGE_END:
        shown->type = MOCAP_END;
        shown->stream = message->end.stream;
        shown->state = protocol_stream_state_name(message->end.state);
        shown->reason = message->end.reason;
        shown->records = message->end.records;
        break;
    case PROTOCOL_MESSAGE_ERROR:
        shown->type = MOCAP_REFUSAL;
        shown->code = protocol_error_code_name(message->error.code);
        shown->reason = message->error.message;
        break;
    case PROTOCOL_MESSAGE_SUBSCRIBED:
    case PROTOCOL_MESSAGE_UNSUBSCRIBED:
    case PROTOCOL_MESSAGE_STATUS:
    case PROTOCOL_MESSAGE_PONG:
    case PROTOCOL_MESSAGE_METRICS:
    case PROTOCOL_MESSAGE_CALIBRATED:
    case PROTOCOL_MESSAGE_CALIBRATION:
    case PROTOCOL_MESSAGE_STREAM:
    case PROTOCOL_MESSAGE_RELOADED:
        shown->type = MOCAP_REPLY;
        break;
    case PROTOCOL_MESSAGE_STREAMS:
        shown->type = MOCAP_STREAMS;
        break;
    case PROTOCOL_MESSAGE_OTHER: // "settings", which the library does not read, is a reply, too
        shown->type = message->id.given ? MOCAP_REPLY : MOCAP_OTHER;
        break;
    case PROTOCOL_MESSAGE_HELLO:
        break;
    }
}

static void show_point_set(struct protocol_server_view *view, const struct protocol_point_set *set)
{
    for (int i = 0; i < set->group_count; i++) {
        const struct protocol_point_group *group = &set->groups[i];
        view->groups[i] = (struct mocap_point_group){ group->name, group->closed, group->count,
                                                      set->points + group->first };
    }
    view->dense = (struct mocap_point_set){ set->name, set->count, set->group_count, view->groups };
    view->server.dense = set->count > 0 ? &view->dense : NULL;
}

void protocol_view_server(struct protocol_server_view *view, const struct protocol_hello *hello)
{
    for (int i = 0; i < hello->stream_count; i++) {
        view->streams[i] = hello->streams[i];
    }
    view->server = (struct mocap_server){ .major = hello->major,
                                          .minor = hello->minor,
                                          .name = hello->server,
                                          .boot_id = hello->boot_id,
                                          .stream_count = hello->stream_count,
                                          .streams = view->streams };
    show_point_set(view, &hello->dense);
}

static void read_point_set(const struct mocap_point_set *shown, struct protocol_point_set *set)
{
    set->count = shown->count;
    set->group_count = shown->group_count;
    snprintf(set->name, sizeof set->name, "%s", shown->name);
    for (int i = 0; i < shown->group_count; i++) {
        struct protocol_point_group *group = &set->groups[i];
        group->closed = shown->groups[i].closed;
        group->first = set->grouped;
        group->count = shown->groups[i].count;
        snprintf(group->name, sizeof group->name, "%s", shown->groups[i].name);
        memcpy(set->points + group->first, shown->groups[i].points,
               (size_t)group->count * sizeof set->points[0]);
        set->grouped += group->count;
    }
}

void protocol_view_hello(const struct mocap_server *server, struct protocol_hello *hello)
{
    *hello = (struct protocol_hello){ .major = server->major,
                                      .minor = server->minor,
                                      .encodings = 1u << PROTOCOL_JSON,
                                      .stream_count = server->stream_count };
    snprintf(hello->server, sizeof hello->server, "%s", server->name);
    snprintf(hello->boot_id, sizeof hello->boot_id, "%s", server->boot_id);
    for (int i = 0; i < server->stream_count; i++) {
        snprintf(hello->streams[i], PROTOCOL_NAME_BYTES, "%s", server->streams[i]);
    }
    if (server->dense != NULL) {
        read_point_set(server->dense, &hello->dense);
    }
}

void protocol_view_error(const struct mc_error *err, struct mocap_error *shown)
{
    static const enum mocap_error_code codes[] = {
        [MC_ERROR_NONE] = MOCAP_ERROR_NONE,     [MC_ERROR_ARGUMENT] = MOCAP_ERROR_ARGUMENT,
        [MC_ERROR_SYSTEM] = MOCAP_ERROR_SYSTEM, [MC_ERROR_MEDIA] = MOCAP_ERROR_SYSTEM,
        [MC_ERROR_FORMAT] = MOCAP_ERROR_FORMAT, [MC_ERROR_MEMORY] = MOCAP_ERROR_MEMORY,
    };
    if (shown != NULL) {
        shown->code = codes[err->code];
        shown->number = err->code == MC_ERROR_SYSTEM ? err->detail : 0;
        snprintf(shown->message, sizeof shown->message, "%s", err->message);
    }
}
