#include "pipeline/track/sws_cache.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <libswscale/swscale.h>

void pipeline_sws_cache_finish(struct pipeline_sws_cache *cache)
{
    for (int i = 0; i < PIPELINE_SWS_CONTEXTS; i++) {
        sws_freeContext(cache->entries[i].context);
    }
}

static struct SwsContext *make_context(const struct pipeline_conversion *to)
{
    bool shrinks = to->width < to->source_width || to->height < to->source_height;
    // Area averaging doesn't alias. Full chroma: else every second column of
    // the small result would get its neighbour's colour.
    int flags = (shrinks ? SWS_AREA : SWS_BILINEAR) | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP |
                SWS_ACCURATE_RND;
    struct SwsContext *context =
        sws_getContext(to->source_width, to->source_height, to->source_format, to->width,
                       to->height, to->format, flags, NULL, NULL, NULL);
    if (context != NULL) {
        // Fails for RGB and the like, which have no such details: nothing to set then.
        sws_setColorspaceDetails(context, sws_getCoefficients(to->colorspace), to->full_range,
                                 sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
    }
    return context;
}

struct SwsContext *pipeline_sws_cache_find(struct pipeline_sws_cache *cache,
                                           const struct pipeline_conversion *conversion)
{
    struct pipeline_sws_entry *oldest = &cache->entries[0];
    cache->uses++;
    for (int i = 0; i < PIPELINE_SWS_CONTEXTS; i++) {
        struct pipeline_sws_entry *entry = &cache->entries[i];
        if (entry->context != NULL &&
            memcmp(&entry->conversion, conversion, sizeof *conversion) == 0) {
            entry->used = cache->uses;
            return entry->context;
        }
        if (entry->used < oldest->used) {
            oldest = entry;
        }
    }
    sws_freeContext(oldest->context);
    oldest->context = make_context(conversion);
    oldest->conversion = *conversion;
    oldest->used = oldest->context != NULL ? cache->uses : 0;
    return oldest->context;
}
