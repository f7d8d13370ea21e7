// VTube Studio's tracking parameters, injected by its plugin API
// (github.com/DenchiSoft/VTubeStudio): first its own ones, then ARKit's shapes as custom
// parameters, as a request each, since one unknown parameter has a whole request refused. Its own
// parameters show the person as in a mirror, so right and left of the screen are the person's.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/bridge/expressions.h"
#include "tools/bridge/output.h"
#include "tools/bridge/vts.h"
#include "tools/face_width.h"

static const float YAW_MAX = 30, PITCH_MAX = 20; // of an eye, degrees: 1 in VTube Studio

enum { TEXT_BYTES = 6144 };

struct text {
    char bytes[TEXT_BYTES];
    size_t used;
    const char *separator;
};

static void begin(struct text *text, bool is_tracked)
{
    text->used = (size_t)snprintf(
        text->bytes, sizeof text->bytes,
        "{\"apiName\":\"VTubeStudioPublicAPI\",\"apiVersion\":\"1.0\",\"requestID\":\"mocap\","
        "\"messageType\":\"InjectParameterDataRequest\",\"data\":{\"faceFound\":%s,"
        "\"mode\":\"set\",\"parameterValues\":[",
        is_tracked ? "true" : "false");
    text->separator = "";
}

static void put(struct text *text, const char *id, double value)
{
    text->used += (size_t)snprintf(text->bytes + text->used, sizeof text->bytes - text->used,
                                   "%s{\"id\":\"%s\",\"value\":%.5f}", text->separator, id,
                                   isfinite(value) ? value : 0);
    text->separator = ",";
}

static void end(struct text *text, struct bridge_packets *packets)
{
    static const char tail[] = "]}}";
    memcpy(text->bytes + text->used, tail, sizeof tail);
    text->used += sizeof tail - 1;
    memcpy(bridge_packets_add(packets, text->used), text->bytes, text->used);
}

static double bounded(float value, float most)
{
    return fmaxf(-1, fminf(1, value / most));
}

static void put_head(struct text *text, const struct mocap_pose *pose)
{
    put(text, "FaceAngleX", pose->euler[1]);
    put(text, "FaceAngleY", -pose->euler[0]);
    put(text, "FaceAngleZ", -pose->euler[2]);
    put(text, "FacePositionX", -TOOLS_FACE_WIDTH_CM * pose->translation[0]);
    put(text, "FacePositionY", -TOOLS_FACE_WIDTH_CM * pose->translation[1]);
}

static void put_eyes(struct text *text, const struct mocap_gaze *gaze)
{
    put(text, "EyeLeftX", bounded(gaze->left[0], YAW_MAX));
    put(text, "EyeLeftY", bounded(-gaze->left[1], PITCH_MAX));
    put(text, "EyeRightX", bounded(gaze->right[0], YAW_MAX));
    put(text, "EyeRightY", bounded(-gaze->right[1], PITCH_MAX));
}

// From 0, down, to 1, up.
static double brow(const float *shapes, enum mocap_shape down, enum mocap_shape up)
{
    return 0.5 + (0.4 * shapes[MOCAP_BROW_INNER_UP] + 0.6 * shapes[up] - shapes[down]) / 2;
}

static void put_own(struct text *text, const float *s)
{
    const double smile = s[MOCAP_MOUTH_SMILE_LEFT] + s[MOCAP_MOUTH_SMILE_RIGHT] -
                         s[MOCAP_MOUTH_FROWN_LEFT] - s[MOCAP_MOUTH_FROWN_RIGHT];
    const double left = brow(s, MOCAP_BROW_DOWN_LEFT, MOCAP_BROW_OUTER_UP_LEFT);
    const double right = brow(s, MOCAP_BROW_DOWN_RIGHT, MOCAP_BROW_OUTER_UP_RIGHT);
    put(text, "EyeOpenLeft", 1 - s[MOCAP_EYE_BLINK_LEFT]);
    put(text, "EyeOpenRight", 1 - s[MOCAP_EYE_BLINK_RIGHT]);
    put(text, "MouthOpen", s[MOCAP_JAW_OPEN]);
    put(text, "MouthSmile", 0.5 + smile / 4);
    put(text, "MouthX", s[MOCAP_MOUTH_RIGHT] - s[MOCAP_MOUTH_LEFT]);
    put(text, "BrowLeftY", left);
    put(text, "BrowRightY", right);
    put(text, "Brows", (left + right) / 2);
    put(text, "CheekPuff", s[MOCAP_CHEEK_PUFF]);
    put(text, "TongueOut", s[MOCAP_TONGUE_OUT]);
    put(text, "FaceAngry", (s[MOCAP_BROW_DOWN_LEFT] + s[MOCAP_BROW_DOWN_RIGHT]) / 2);
}

static void write(const struct bridge_output_target *target, const struct bridge_view *view,
                  struct bridge_packets *packets)
{
    struct text text;
    (void)target;
    if (view->face == NULL) {
        return; // after a second VTube Studio takes the face as lost
    }
    begin(&text, view->is_tracked);
    if (view->face->pose != NULL) {
        put_head(&text, view->face->pose);
    }
    if (view->gaze != NULL) {
        put_eyes(&text, view->gaze);
    }
    put_own(&text, view->face->shapes);
    end(&text, packets);
    begin(&text, view->is_tracked);
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        if (bridge_vts_is_custom(i)) {
            put(&text, bridge_expression_clip_name(i), view->face->shapes[i]);
        }
    }
    end(&text, packets);
}

const struct bridge_output bridge_output_vtube_studio = {
    .name = "vtube-studio",
    .title = "tracking parameters of VTube Studio",
    .port = "8001",
    .transport = BRIDGE_VTUBE_STUDIO,
    .write = write,
};
