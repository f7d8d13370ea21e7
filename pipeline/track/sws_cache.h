// swscale's contexts, kept for the sizes and formats that recur.
#pragma once

#include <stdint.h>

enum { PIPELINE_SWS_CONTEXTS = 16 }; // for several faces and the regions of a search

struct SwsContext;

// From one size and format to another.
struct pipeline_conversion {
    int source_width, source_height, source_format;
    int width, height, format;
    int colorspace, full_range;
};

struct pipeline_sws_entry {
    struct SwsContext *context; // owned, or NULL
    struct pipeline_conversion conversion;
    uint64_t used; // value of uses at its last use
};

// All zeros: empty.
struct pipeline_sws_cache {
    struct pipeline_sws_entry entries[PIPELINE_SWS_CONTEXTS];
    uint64_t uses;
};

void pipeline_sws_cache_finish(struct pipeline_sws_cache *cache);

// The context for a conversion: a cached one, or a new one in place of the least recently
// used. Borrowed until the next call. NULL if swscale can't convert that.
struct SwsContext *pipeline_sws_cache_find(struct pipeline_sws_cache *cache,
                                           const struct pipeline_conversion *conversion);
