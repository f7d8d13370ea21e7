#include "pipeline/source/local_path.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <libavformat/avformat.h>

// FFmpeg opens devices and pipes as files, and some of them block for ever.
static bool check_file(const char *path, struct mc_error *err)
{
    struct stat status;
    if (path[0] == '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the path is empty");
    }
    if (stat(path, &status) != 0) {
        return mc_error_set(err, MC_ERROR_SYSTEM, errno, "%s", strerrordesc_np(errno));
    }
    if (S_ISCHR(status.st_mode)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "is a device, not a video file; a camera is named v4l2:%s", path);
    }
    if (!S_ISREG(status.st_mode)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "is %s, not a video file",
                            S_ISDIR(status.st_mode) ? "a directory" : "no regular file");
    }
    if (status.st_size == 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "is empty, not a video file");
    }
    return true;
}

// Of numbered images: printf's %d, as image2 takes it.
static bool check_pattern(const char *pattern, struct mc_error *err)
{
    char name[PATH_MAX];
    return av_get_frame_filename2(name, sizeof name, pattern, 1, 0) >= 0 ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "images: must be a path with a number in it, such as images:p%%03d.jpg");
}

bool pipeline_local_path(enum pipeline_url_kind kind, const char *url, char *path, size_t size,
                         struct mc_error *err)
{
    switch (kind) {
    case PIPELINE_URL_FILE:
    case PIPELINE_URL_SDP:
        return pipeline_url_path(url, path, size, err) && check_file(path, err);
    case PIPELINE_URL_IMAGES:
        return pipeline_url_path(url, path, size, err) && check_pattern(path, err);
    default:
        return true;
    }
}
