// Compiler attributes.
#pragma once

#define MC_PRINTF(format_index, first_index)                                                       \
    __attribute__((format(printf, format_index, first_index)))
#define MC_MUST_USE __attribute__((warn_unused_result))
