// How a target shows a face: what its section of mocap-bridge.conf may say, or the command line for
// the targets that it names.
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/options.h"
#include "protocol/message.h"
#include "protocol/mocap.h"

#define BRIDGE_GAIN_MAX 10.0

enum {
    BRIDGE_PREFIX_BYTES = 33
}; // with its NUL; bridge_packets has room for all of VRChat's names

enum { BRIDGE_SUBJECT_BYTES = 32 }; // with its NUL

enum bridge_shapes {
    BRIDGE_SHAPES_BOTH,  // presets and perfect sync
    BRIDGE_SHAPES_VRM,   // VRM 0's presets only
    BRIDGE_SHAPES_ARKIT, // perfect sync only
};

struct bridge_settings {
    char stream[PROTOCOL_NAME_BYTES]; // "": the daemon's first
    int face;                         // its number, from 1; 0: any
    bool mirror;                      // move like a mirror image
    enum mocap_lost lost;
    double rate; // records per second; 0: all
    // What is sent is the gain times what exceeds the neutral value, from 0 to 1.
    float gains[MOCAP_SHAPE_COUNT];
    float neutral[MOCAP_SHAPE_COUNT];
    float neutral_head[3]; // pitch, yaw, roll of the head that counts as looking ahead, degrees
    // Of VMC:
    enum bridge_shapes shapes;
    bool body;               // also Hips, Spine, Chest and the eyes
    char skeleton[PATH_MAX]; // a VRM model; "": none
    // Of VRChat:
    char prefix[BRIDGE_PREFIX_BYTES]; // of the avatar's parameters: "FT"; "": none
    // Of Live Link:
    char subject[BRIDGE_SUBJECT_BYTES]; // "": mocapd, or mocap2 for face 2
};

#define BRIDGE_GAINS_4 1, 1, 1, 1
#define BRIDGE_GAINS_52                                                                            \
    BRIDGE_GAINS_4, BRIDGE_GAINS_4, BRIDGE_GAINS_4, BRIDGE_GAINS_4, BRIDGE_GAINS_4,                \
        BRIDGE_GAINS_4, BRIDGE_GAINS_4, BRIDGE_GAINS_4, BRIDGE_GAINS_4, BRIDGE_GAINS_4,            \
        BRIDGE_GAINS_4, BRIDGE_GAINS_4, BRIDGE_GAINS_4
#define BRIDGE_SETTINGS_DEFAULT                                                                    \
    {                                                                                              \
        .gains = { BRIDGE_GAINS_52 }                                                               \
    }
extern const struct bridge_settings bridge_settings_default;

// Reads "SHAPE=NUMBER, ..." or "all=NUMBER" into values. For options of the kind CALL.
bool bridge_settings_gain(void *values, const char *label, const char *text, struct mc_error *err);
bool bridge_settings_neutral(void *values, const char *label, const char *text,
                             struct mc_error *err);
bool bridge_settings_head(void *angles, const char *label, const char *text, struct mc_error *err);
bool bridge_settings_face(void *face, const char *label, const char *text, struct mc_error *err);
bool bridge_settings_lost(void *lost, const char *label, const char *text, struct mc_error *err);
bool bridge_settings_bones(void *body, const char *label, const char *text, struct mc_error *err);
// Parts of an OSC address with slashes between them; one at the end is left out.
bool bridge_settings_prefix(void *prefix, const char *label, const char *text,
                            struct mc_error *err);
// Visible ASCII, and spaces between.
bool bridge_settings_subject(void *subject, const char *label, const char *text,
                             struct mc_error *err);
extern const char *const bridge_settings_shapes[];

// The rows of a table of options for a struct bridge_settings that is the given member of type;
// member is empty or ends in a dot.
#define BRIDGE_SETTINGS_ROWS(type, member)                                                         \
    { "stream",         0,                                                                         \
      "NAME",           "the stream to send; default: mocapd's first",                             \
      MC_OPTION_STRING, MC_OPTION_FIELD(type, member stream) },                                    \
        { "face",                                                                                  \
          0,                                                                                       \
          "any|N",                                                                                 \
          "which face: any stays with one while it is tracked; N: the first face seen is 1, a "    \
          "face keeps its number while it is tracked; default: any",                               \
          MC_OPTION_CALL,                                                                          \
          .set = bridge_settings_face,                                                             \
          MC_OPTION_FIELD(type, member face) },                                                    \
        { "mirror",       0,                                                                       \
          NULL,           "move like a mirror image",                                              \
          MC_OPTION_BOOL, MC_OPTION_FIELD(type, member mirror) },                                  \
        { "rate",                                                                                  \
          0,                                                                                       \
          "HZ",                                                                                    \
          "send at most this many records a second; default: all",                                 \
          MC_OPTION_DOUBLE,                                                                        \
          .min = 1,                                                                                \
          .max = 1000,                                                                             \
          MC_OPTION_FIELD(type, member rate) },                                                    \
        { "lost",                                                                                  \
          0,                                                                                       \
          "hold|neutral",                                                                          \
          "while no face is tracked, hold the last pose, or look ahead with a neutral face; "      \
          "default: hold",                                                                         \
          MC_OPTION_CALL,                                                                          \
          .set = bridge_settings_lost,                                                             \
          MC_OPTION_FIELD(type, member lost) },                                                    \
        { "gain",                                                                                  \
          0,                                                                                       \
          "SHAPE=G,...",                                                                           \
          "multiply these shapes, from 0 to 10; all=G multiplies every one; may be "               \
          "repeated",                                                                              \
          MC_OPTION_CALL,                                                                          \
          .set = bridge_settings_gain,                                                             \
          MC_OPTION_FIELD(type, member gains) },                                                   \
        { "neutral",                                                                               \
          0,                                                                                       \
          "SHAPE=V,...",                                                                           \
          "subtract these shapes' values in a face at rest, 0 to 1, before the gain",              \
          MC_OPTION_CALL,                                                                          \
          .set = bridge_settings_neutral,                                                          \
          MC_OPTION_FIELD(type, member neutral) },                                                 \
        { "neutral-head",                                                                          \
          0,                                                                                       \
          "P,Y,R",                                                                                 \
          "pitch, yaw and roll of the head to treat as looking ahead, in degrees",                 \
          MC_OPTION_CALL,                                                                          \
          .set = bridge_settings_head,                                                             \
          MC_OPTION_FIELD(type, member neutral_head) },                                            \
        { "shapes",                                                                                \
          0,                                                                                       \
          "SHAPES",                                                                                \
          "VMC: vrm (presets of VRM 0), arkit (perfect sync), or both; default: both",             \
          MC_OPTION_ENUM,                                                                          \
          .names = bridge_settings_shapes,                                                         \
          MC_OPTION_FIELD(type, member shapes) },                                                  \
        { "bones",                                                                                 \
          0,                                                                                       \
          "head|body",                                                                             \
          "VMC: send head and neck, or also hips, spine, chest and eyes, at rest; default: head",  \
          MC_OPTION_CALL,                                                                          \
          .set = bridge_settings_bones,                                                            \
          MC_OPTION_FIELD(type, member body) },                                                    \
        { "skeleton",       0,                                                                     \
          "FILE.vrm",       "VMC: take the bones' rest positions from this model",                 \
          MC_OPTION_STRING, MC_OPTION_FIELD(type, member skeleton) },                              \
        { "prefix",                                                                                \
          0,                                                                                       \
          "PREFIX",                                                                                \
          "VRChat: prefix of the avatar's parameters, such as FT for FT/v2/JawOpen",               \
          MC_OPTION_CALL,                                                                          \
          .set = bridge_settings_prefix,                                                           \
          MC_OPTION_FIELD(type, member prefix) },                                                  \
    {                                                                                              \
        "subject", 0, "NAME",                                                                      \
            "Live Link: name of the subject, one for each target of a receiver; default: mocapd, " \
            "or mocap2 for face 2",                                                                \
            MC_OPTION_CALL, .set = bridge_settings_subject, MC_OPTION_FIELD(type, member subject)  \
    }
