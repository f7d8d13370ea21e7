#include "protocol/json.h"

#include <stdbool.h>

enum {
    DEPTH_MAX = 16, // nested arrays and objects; a record has 5
    // What jansson allocates at most, with the old copy of whatever grows.
    BYTES_PER_BYTE = 5,
    BYTES_PER_CONTAINER = 320,
    BYTES_PER_SEPARATOR = 192,
};

// jansson recurses, so nesting is checked before it starts. Sets bytes to what it may allocate.
static bool measure(const char *line, size_t length, size_t *bytes)
{
    int depth = 0;
    bool quoted = false;
    *bytes = length * BYTES_PER_BYTE + BYTES_PER_CONTAINER;
    for (size_t i = 0; i < length; i++) {
        char c = line[i];
        if (quoted) {
            if (c == '\\') {
                i++;
            }
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == ',' || c == ':') {
            *bytes += BYTES_PER_SEPARATOR;
        } else if (c == '{' || c == '[') {
            *bytes += BYTES_PER_CONTAINER;
            if (++depth > DEPTH_MAX) {
                return false;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

// jansson's lexer does not notice when its buffer can't grow: it asserts, or reads past the buffer.
// So all that it may need must be there before it begins. Only another thread can take it
// meanwhile.
static bool has_memory(size_t bytes)
{
    json_malloc_t allocate;
    json_free_t release;
    json_get_alloc_funcs(&allocate, &release);
    void *block = allocate(bytes);
    if (block == NULL) {
        return false;
    }
    release(block);
    return true;
}

static json_t *refuse_memory(size_t length, struct mc_error *err)
{
    mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for %zu bytes of JSON", length);
    return NULL;
}

json_t *protocol_json_load(const char *line, size_t length, struct mc_error *err)
{
    size_t bytes;
    if (!measure(line, length, &bytes)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "must be nested at most %d levels deep", DEPTH_MAX);
        return NULL;
    }
    if (!has_memory(bytes)) {
        return refuse_memory(length, err);
    }
    json_error_t cause;
    json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &cause);
    if (root == NULL &&
        (cause.text[0] == '\0' || json_error_code(&cause) == json_error_out_of_memory)) {
        return refuse_memory(length, err);
    }
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
