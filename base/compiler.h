// Compiler attributes.
#pragma once

#define MC_PRINTF(format_index, first_index)                                                       \
    __attribute__((format(printf, format_index, first_index)))
#define MC_MUST_USE __attribute__((warn_unused_result))

// Exports a symbol from a shared library; all others are hidden.
#define MC_EXPORT __attribute__((visibility("default")))
