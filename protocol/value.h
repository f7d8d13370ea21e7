// One value of a message, read the same way whether it came as JSON or as CBOR.
//
// A reading function that finds another type or range sets err to "name: must be …, got …"
// and returns false. Counts, times and numbers are bounded, so that the sums and differences
// of a few of them do not overflow.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "protocol/buffer.h"
#include "protocol/cbor.h"

struct protocol_value {
    const json_t *json; // NULL: it is the reader's next item, which reading it consumes
    struct protocol_cbor_reader *cbor;
};

// A whole number from least to most;
bool protocol_value_integer(struct protocol_value value, const char *name, int64_t least,
                            int64_t most, int64_t *number, struct mc_error *err);

// A number whose magnitude is at most `most`.
bool protocol_value_number(struct protocol_value value, const char *name, double most,
                           double *number, struct mc_error *err);
bool protocol_value_flag(struct protocol_value value, const char *name, bool *flag,
                         struct mc_error *err);

// UTF-8 text without NUL that fits into size bytes with its terminator.
bool protocol_value_text(struct protocol_value value, const char *name, char *text, size_t size,
                         struct mc_error *err);

// Exactly count numbers: an array in JSON, a typed array in CBOR.
bool protocol_value_floats(struct protocol_value value, const char *name, float *numbers, int count,
                           struct mc_error *err);

// Up to most rows of `columns` numbers each: an array of arrays in JSON, one typed array in
// CBOR. Sets count to the number of rows.
bool protocol_value_rows(struct protocol_value value, const char *name, float *numbers, int columns,
                         int most, int *count, struct mc_error *err);

// Calls read for each element of an array of at most `most`; stops when it returns false,
// which it does with err set.
typedef bool protocol_value_element_fn(struct protocol_value element, int index, void *user,
                                       struct mc_error *err);
bool protocol_value_array(struct protocol_value value, const char *name, int most,
                          protocol_value_element_fn *read, void *user, int *count,
                          struct mc_error *err);

// ---- maps

// One field of a map. read gets the target that was given for the map.
struct protocol_field {
    const char *name;
    bool (*read)(struct protocol_value value, const struct protocol_field *field, void *target,
                 struct mc_error *err);
    size_t offset; // where read puts the value, in the target
    size_t size;   // for read: of a text or an array
    bool is_optional;
};

// Reads the fields that the table lists and ignores all others. Fails when one that is not
// optional is missing. seen, which may be NULL, gets a bit for each field of the table that
// was there. name is NULL for a message, which needs none in err.
bool protocol_value_map(struct protocol_value value, const char *name,
                        const struct protocol_field *fields, int count, void *target,
                        uint64_t *seen, struct mc_error *err);
