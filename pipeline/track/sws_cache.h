// swscale's converters, made once for each size and format that comes.
#pragma once

enum { PIPELINE_CONVERTERS = 16 }; // kept; of several faces and of the views of a locator

struct SwsContext;

// From one size and format to another.
struct pipeline_conversion {
    int source_width, source_height, source_format;
    int width, height, format;
    int colorspace, full_range;
};

struct pipeline_converter {
    struct SwsContext *context; // owned, or NULL
    struct pipeline_conversion conversion;
    unsigned long used; // the higher, the later
};

// All zeros: none yet.
struct pipeline_sws_cache {
    struct pipeline_converter converters[PIPELINE_CONVERTERS];
    unsigned long uses;
};

void pipeline_sws_cache_finish(struct pipeline_sws_cache *converters);

// The converter for that: kept from before, or in the place of the one that was not
// used for longest. Borrowed until the next call. NULL if swscale can't.
struct SwsContext *pipeline_sws_cache_find(struct pipeline_sws_cache *converters,
                                           const struct pipeline_conversion *conversion);
