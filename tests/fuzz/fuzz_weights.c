// A hostile weight file: its header, tensors and metadata, activation ranges among them.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "nn/compiler/ranges.h"
#include "nn/graph/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What is read can be written, and is then read the same.
static void read_ranges(const char *text)
{
    struct nn_ranges *ranges = nn_ranges_read(text, NULL);
    if (ranges == NULL) {
        return;
    }
    char *written = nn_ranges_write(ranges, NULL);
    assert(written != NULL);
    struct nn_ranges *again = nn_ranges_read(written, NULL);
    assert(again != NULL && nn_ranges_count(again) == nn_ranges_count(ranges));
    nn_ranges_destroy(again);
    nn_ranges_destroy(ranges);
    free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    assert(text != NULL);
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)data[i];
    }
    text[size] = '\0';
    read_ranges(text);
    free(text);
    struct mc_error err = { 0 };
    struct nn_weights *weights = nn_weights_parse(data, size, &err);
    assert(weights != NULL || err.message[0] != '\0');
    const char *ranges = weights == NULL ? NULL : nn_weights_metadata(weights, NN_RANGES_KEY);
    if (ranges != NULL) {
        read_ranges(ranges);
    }
    nn_weights_destroy(weights);
    return 0;
}
