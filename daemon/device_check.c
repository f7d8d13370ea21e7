#include "daemon/device_check.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/source/device_advice.h"
#include "pipeline/source/url.h"
#include "pipeline/source/v4l2.h"
#include "pipeline/source/v4l2_find.h"

bool daemon_device_check(const char *url, struct mc_error *err)
{
    const char *rest;
    char path[PATH_MAX], advice[256];
    struct pipeline_v4l2_options options;
    if (pipeline_url_parse(url, &rest) != PIPELINE_URL_V4L2) {
        return true;
    }
    if (!pipeline_v4l2_parse(rest, &options, err) ||
        !pipeline_v4l2_find(options.device, PIPELINE_V4L2_SYSFS, PIPELINE_V4L2_LINKS, path,
                            sizeof path, err)) {
        return false;
    }
    if (access(path, R_OK | W_OK) == 0) {
        return true;
    }
    const int number = errno;
    pipeline_device_advice(path, number, advice, sizeof advice);
    return mc_error_set(err, MC_ERROR_SYSTEM, number, "%s: %s%s", path, strerrordesc_np(number),
                        advice);
}
