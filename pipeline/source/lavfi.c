#include "pipeline/source/lavfi.h"

#include <dlfcn.h>
#include <pthread.h>

#include <libavformat/avformat.h>

// FFmpeg gives libavdevice and libavformat the same major version.
#define LIBRARY "libavdevice.so." AV_STRINGIFY(LIBAVFORMAT_VERSION_MAJOR)
#define PACKAGE "libavdevice" AV_STRINGIFY(LIBAVFORMAT_VERSION_MAJOR)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards is_loaded
static bool is_loaded;

static bool load(struct mc_error *err)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL); // stays, as its demuxers do
    void (*register_all)(void) = NULL;
    if (library != NULL) {
        *(void **)&register_all = dlsym(library, "avdevice_register_all");
    }
    if (register_all == NULL) {
        return mc_error_set(err, MC_ERROR_MEDIA, AVERROR_DEMUXER_NOT_FOUND,
                            "requires the package " PACKAGE ": %s", dlerror());
    }
    register_all();
    return true;
}

bool pipeline_lavfi_load(struct mc_error *err)
{
    pthread_mutex_lock(&lock);
    is_loaded = is_loaded || load(err);
    const bool good = is_loaded;
    pthread_mutex_unlock(&lock);
    return good;
}
