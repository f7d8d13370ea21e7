#include "pipeline/track/sws_cache.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <libswscale/swscale.h>

void pipeline_sws_cache_finish(struct pipeline_sws_cache *converters)
{
    for (int i = 0; i < PIPELINE_CONVERTERS; i++) {
        sws_freeContext(converters->converters[i].context);
    }
}

static struct SwsContext *make_converter(const struct pipeline_conversion *to)
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
        // Fails for sources without such a thing, RGB for one: nothing to set then.
        sws_setColorspaceDetails(context, sws_getCoefficients(to->colorspace), to->full_range,
                                 sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
    }
    return context;
}

struct SwsContext *pipeline_sws_cache_find(struct pipeline_sws_cache *converters,
                                           const struct pipeline_conversion *conversion)
{
    struct pipeline_converter *oldest = &converters->converters[0];
    converters->uses++;
    for (int i = 0; i < PIPELINE_CONVERTERS; i++) {
        struct pipeline_converter *converter = &converters->converters[i];
        if (converter->context != NULL &&
            memcmp(&converter->conversion, conversion, sizeof *conversion) == 0) {
            converter->used = converters->uses;
            return converter->context;
        }
        if (converter->used < oldest->used) {
            oldest = converter;
        }
    }
    sws_freeContext(oldest->context);
    oldest->context = make_converter(conversion);
    oldest->conversion = *conversion;
    oldest->used = oldest->context != NULL ? converters->uses : 0;
    return oldest->context;
}
