// For targets that read a file by its path.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The path of a file in memory with these bytes, until the next call.
const char *fuzz_file(const uint8_t *data, size_t size);
