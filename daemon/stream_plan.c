#include "daemon/stream_plan.h"

#include <string.h>

#include "daemon/stream.h"

void daemon_stream_plan_make(struct daemon_stream_plan *plan, const struct daemon_options *options,
                             const struct daemon_stream_options *own)
{
    plan->own = *own;
    plan->on_demand = daemon_stream_is_on_demand(own);
    plan->linger_ms = (uint64_t)options->linger_s * 1000;
    daemon_stream_resolve(options, &plan->own, &plan->motion, &plan->resolved);
}

static bool is_equal(float a, float b)
{
    return !(a < b) && !(a > b);
}

bool daemon_stream_plan_has_same_motion(const struct daemon_stream_plan *a,
                                        const struct daemon_stream_plan *b)
{
    return a->motion.smooth.on == b->motion.smooth.on &&
           is_equal(a->motion.smooth.min_cutoff, b->motion.smooth.min_cutoff) &&
           is_equal(a->motion.smooth.beta, b->motion.smooth.beta) &&
           is_equal(a->motion.fov, b->motion.fov);
}

static bool has_same_region(const struct pipeline_region *a, const struct pipeline_region *b)
{
    return is_equal(a->x, b->x) && is_equal(a->y, b->y) && is_equal(a->width, b->width) &&
           is_equal(a->height, b->height);
}

bool daemon_stream_plan_has_same_frames(const struct daemon_stream_plan *a,
                                        const struct daemon_stream_plan *b)
{
    const struct pipeline_stream_options *x = &a->resolved, *y = &b->resolved;
    return strcmp(x->url, y->url) == 0 && x->every_frame == y->every_frame &&
           x->repeat == y->repeat && x->udp == y->udp && x->isolate == y->isolate &&
           x->max_pixels == y->max_pixels && x->display.rotate == y->display.rotate &&
           x->display.mirror == y->display.mirror && x->drop_damaged == y->drop_damaged &&
           x->mode == y->mode && has_same_region(&x->region, &y->region) &&
           x->max_faces == y->max_faces && a->on_demand == b->on_demand;
}
