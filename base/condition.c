#include "base/condition.h"

#include "base/clock.h"

bool mc_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    const bool is_made = pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return is_made;
}

struct timespec mc_condition_deadline(int ms)
{
    struct timespec deadline; // not mc_clock_now_ns, which tests set
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    const int64_t ns = deadline.tv_nsec + ms * MC_NS_PER_MS;
    deadline.tv_sec += ns / MC_NS_PER_SECOND;
    deadline.tv_nsec = ns % MC_NS_PER_SECOND;
    return deadline;
}
