#include "pipeline/source/decode_load.h"

#include <math.h>
#include <stddef.h>

#include "base/clock.h"

static const int64_t window_ns = MC_NS_PER_SECOND;
// In less, the share of the decoder says little: of the first packet's own time it is all.
static const int64_t window_min_ns = 200 * MC_NS_PER_MS;
static const double share_max = 0.93;     // of the time: falling behind
static const double share_relaxed = 0.6;  // room for more frames
static const double catching_up_s = 0.02; // less late than before
static const double late_max_s = 2;       // only a key frame catches up with that
static const int64_t hold_first_ns = 5 * MC_NS_PER_SECOND;
static const int64_t hold_max_ns = 300 * MC_NS_PER_SECOND;
static const int64_t hold_threads_max_ns = 3600 * MC_NS_PER_SECOND; // threads lose no frame
static const int64_t rare_ns = 10 * MC_NS_PER_SECOND;

static int64_t shorter(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

// More does not fit: for longer each time, or it would be tried again and again.
static bool reduce(struct pipeline_decode_load *load, enum pipeline_decode_effort effort,
                   int64_t now_ns)
{
    const int64_t max_ns = effort == PIPELINE_DECODE_THREADED ? hold_threads_max_ns : hold_max_ns;
    const int64_t hold_ns = load->hold_ns == 0 ? hold_first_ns : shorter(load->hold_ns, max_ns);
    load->effort = effort;
    load->relax_ns = now_ns + hold_ns;
    load->hold_ns = 2 * hold_ns;
    load->window_ns = now_ns;
    load->busy_ns = 0;
    return true;
}

void pipeline_decode_load_begin(struct pipeline_decode_load *load)
{
    load->window_ns = load->key_ns = 0;
    load->keyed = false;
}

// A session's first key frame says nothing of how often they come: each session has one.
void pipeline_decode_load_key_frame(struct pipeline_decode_load *load, int64_t now_ns)
{
    if (load->keyed) {
        load->keys_are_rare = now_ns - load->key_ns > rare_ns;
    }
    load->keyed = true;
    load->key_ns = now_ns;
}

bool pipeline_decode_load_lacks_keys(struct pipeline_decode_load *load, int64_t now_ns)
{
    if (load->key_ns == 0) {
        load->key_ns = now_ns;
    }
    load->keys_are_rare |= now_ns - load->key_ns > rare_ns;
    if (!load->keys_are_rare || load->effort != PIPELINE_DECODE_KEY) {
        return false;
    }
    load->effort = PIPELINE_DECODE_REFERENCE;
    load->window_ns = 0;
    return true;
}

bool pipeline_decode_load_is_sane(const struct pipeline_decode_load *load, int64_t now_ns)
{
    static const double late_far_s = 1e9;
    const int64_t times[] = { load->window_ns, load->busy_ns, load->key_ns };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i] < 0 || times[i] > now_ns) {
            return false;
        }
    }
    return (int)load->effort >= PIPELINE_DECODE_ALL && (int)load->effort <= PIPELINE_DECODE_KEY &&
           fabs(load->late_s) <= late_far_s && load->relax_ns >= 0 &&
           load->relax_ns <= now_ns + hold_threads_max_ns && load->hold_ns >= 0 &&
           load->hold_ns <= 2 * hold_threads_max_ns;
}

bool pipeline_decode_load_add(struct pipeline_decode_load *load, int64_t busy_ns, double late_s,
                              int64_t now_ns)
{
    const enum pipeline_decode_effort least =
        load->keys_are_rare ? PIPELINE_DECODE_REFERENCE : PIPELINE_DECODE_KEY;
    if (load->window_ns == 0) {
        load->window_ns = now_ns - busy_ns;
        load->busy_ns = 0;
        load->late_s = late_s;
    }
    load->busy_ns += busy_ns;
    const int64_t elapsed_ns = now_ns - load->window_ns;
    const double share = (double)load->busy_ns / (double)elapsed_ns;
    // After a pause of the source or its network the decoder has little to do, then catches up
    // fast.
    const bool fast = load->late_s - late_s > (double)elapsed_ns * 1e-9;
    if (elapsed_ns >= window_min_ns && late_s > late_max_s && share > share_relaxed && !fast &&
        load->effort < least) {
        return reduce(load, least, now_ns);
    }
    if (elapsed_ns < window_ns) {
        return false;
    }
    const bool catching_up = late_s < load->late_s - catching_up_s;
    load->window_ns = now_ns;
    load->busy_ns = 0;
    load->late_s = late_s;
    if (share > share_max && !catching_up && !load->awaits_threads && load->effort < least) {
        return reduce(load, load->effort + 1, now_ns);
    }
    // The share of a decoder with threads does not tell whether one thread would do: that is tried.
    if (load->effort > PIPELINE_DECODE_ALL && share < share_relaxed && late_s <= 0 &&
        now_ns >= load->relax_ns) {
        load->effort--;
        load->relax_ns = now_ns + hold_first_ns;
        return true;
    }
    return false;
}

const char *pipeline_decode_effort_reason(enum pipeline_decode_effort effort)
{
    static const char *const reasons[] = {
        [PIPELINE_DECODE_ALL] = "",
        [PIPELINE_DECODE_THREADED] = "",
        [PIPELINE_DECODE_REFERENCE] =
            "decoding can't keep up: frames that no other needs are skipped",
        [PIPELINE_DECODE_KEY] = "decoding can't keep up: all but key frames are skipped",
    };
    return reasons[effort];
}
