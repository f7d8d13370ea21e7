// Changing a weight file's metadata: nn_weights_save_metadata.
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "nn/graph/weights.h"
#include "nn/graph/weights_internal.h"

enum { LENGTH_BYTES = 8, PADDING = 8 }; // tensors begin at a multiple of PADDING

// The file's header with other metadata, padded with blanks. To be freed; NULL and err on failure.
static char *make_header(json_t *header, json_t *metadata, struct mc_error *err)
{
    char *text = json_object_set(header, "__metadata__", metadata) == 0
                     ? json_dumps(header, JSON_COMPACT)
                     : NULL;
    const size_t length = text == NULL ? 0 : strlen(text);
    char *padded = text == NULL ? NULL : realloc(text, length + PADDING);
    if (padded == NULL) {
        free(text);
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the header");
        return NULL;
    }
    const size_t blanks = (PADDING - length % PADDING) % PADDING;
    memset(padded + length, ' ', blanks);
    padded[length + blanks] = '\0';
    return padded;
}

static bool write_file(const char *target, const char *header, const uint8_t *data, size_t size,
                       struct mc_error *err)
{
    uint8_t length[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++) {
        length[i] = (uint8_t)(strlen(header) >> (8 * i));
    }
    const struct mc_file_part parts[] = { { length, sizeof length },
                                          { header, strlen(header) },
                                          { data, size } };
    return mc_file_replace(target, parts, 3, 0666, err);
}

bool nn_weights_save_metadata(const struct nn_weights *weights, const char *source,
                              const char *target, struct mc_error *err)
{
    size_t size, data_offset;
    uint8_t *bytes = nn_safetensors_read(source, &size, err);
    json_t *header = bytes == NULL ? NULL : nn_safetensors_header(bytes, size, &data_offset, err);
    bool good = false;
    if (header == NULL) {
        mc_error_wrap(err, "%s", source);
    } else {
        char *text = make_header(header, weights->metadata, err);
        good =
            text != NULL && write_file(target, text, bytes + data_offset, size - data_offset, err);
        free(text);
    }
    json_decref(header);
    free(bytes);
    return good;
}
