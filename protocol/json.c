#include "protocol/json.h"

#include <stdbool.h>

enum { DEPTH_MAX = 16 }; // nested arrays and objects; a record has 5

// jansson recurses, so nesting is checked before it starts.
static bool nested_too_deep(const char *line, size_t length)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        char c = line[i];
        if (quoted) {
            if (c == '\\') {
                i++;
            }
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX) {
                return true;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

json_t *protocol_json_load(const char *line, size_t length, struct mc_error *err)
{
    if (nested_too_deep(line, length)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "must be nested at most %d levels deep", DEPTH_MAX);
        return NULL;
    }
    json_error_t cause;
    json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &cause);
    if (root == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "not valid JSON at byte %d: %s", cause.position,
                     cause.text);
        return NULL;
    }
    if (!json_is_object(root)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "must be a JSON object");
        json_decref(root);
        return NULL;
    }
    return root;
}
