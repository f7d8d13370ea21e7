#include "pipeline/isolate/shared_frames.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>

#include "pipeline/frame_pool.h"
#include "pipeline/isolate/decoder_process.h"
#include "pipeline/source/frame_limit.h"

enum {
    REFERENCES = 24,          // frames that a decoder keeps, with its threads
    BYTES_PER_PIXEL_MAX = 16, // of any format: one frame always has room
};

struct loan {
    struct pipeline_shared_frames *shared;
    uint32_t index;
    bool taken; // guarded by the lock
};

struct pipeline_shared_frames {
    int fd;
    uint8_t *base; // read-only
    size_t bytes;
    int loan_count;
    pthread_mutex_t lock; // guards all below
    int socket;           // negative: none, or the session has ended
    int users;            // the session, and each frame that is lent
    struct loan loans[PIPELINE_ISOLATE_LOANS_MAX];
};

// All but the last user leave it to the others.
static void leave(struct pipeline_shared_frames *shared)
{
    pthread_mutex_lock(&shared->lock);
    const bool last = --shared->users == 0;
    pthread_mutex_unlock(&shared->lock);
    if (!last) {
        return;
    }
    if (shared->base != MAP_FAILED) {
        munmap(shared->base, shared->bytes);
    }
    if (shared->fd >= 0) {
        close(shared->fd);
    }
    pthread_mutex_destroy(&shared->lock);
    free(shared);
}

static bool make_memory(struct pipeline_shared_frames *shared, struct mc_error *err)
{
    const int fd = memfd_create("mocapd frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    // Above the numbers that descriptors have in the decoder.
    shared->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, PIPELINE_DECODER_PROCESS_FIRST_UNUSED);
    if (fd >= 0) {
        close(fd);
    }
    if (shared->fd < 0 || ftruncate(shared->fd, (off_t)shared->bytes) != 0 ||
        fcntl(shared->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        return mc_error_set_errno(err, "no memory to share with a decoder");
    }
    shared->base = mmap(NULL, shared->bytes, PROT_READ, MAP_SHARED, shared->fd, 0);
    return shared->base != MAP_FAILED ||
           mc_error_set_errno(err, "no memory to share with a decoder");
}

static size_t room_for(int loan_count, int64_t max_pixels)
{
    const size_t usual = (size_t)max_pixels * 3 / 2 * (size_t)(loan_count + REFERENCES);
    const size_t largest =
        ((size_t)max_pixels + PIPELINE_FRAME_PADDING_PIXELS) * BYTES_PER_PIXEL_MAX;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return ((usual > largest ? usual : largest) + page - 1) / page * page;
}

struct pipeline_shared_frames *pipeline_shared_frames_create(int loan_count, int64_t max_pixels,
                                                             struct mc_error *err)
{
    struct pipeline_shared_frames *shared = calloc(1, sizeof *shared);
    if (shared == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a decoder process");
        return NULL;
    }
    shared->bytes = room_for(loan_count, max_pixels);
    shared->loan_count = loan_count;
    shared->base = MAP_FAILED;
    shared->socket = -1;
    shared->users = 1;
    pthread_mutex_init(&shared->lock, NULL);
    for (int i = 0; i < loan_count; i++) {
        shared->loans[i] = (struct loan){ .shared = shared, .index = (uint32_t)i };
    }
    if (!make_memory(shared, err)) {
        leave(shared);
        return NULL;
    }
    return shared;
}

void pipeline_shared_frames_close(struct pipeline_shared_frames *shared)
{
    if (shared == NULL) {
        return;
    }
    pthread_mutex_lock(&shared->lock);
    shared->socket = -1;
    pthread_mutex_unlock(&shared->lock);
    leave(shared);
}

size_t pipeline_shared_frames_bytes(const struct pipeline_shared_frames *shared)
{
    return shared->bytes;
}

int pipeline_shared_frames_fd(const struct pipeline_shared_frames *shared)
{
    return shared->fd;
}

void pipeline_shared_frames_set_socket(struct pipeline_shared_frames *shared, int socket)
{
    pthread_mutex_lock(&shared->lock);
    shared->socket = socket;
    pthread_mutex_unlock(&shared->lock);
}

// As the free function of an AVBuffer. If the decoder doesn't read, the message is dropped; only
// its own buffers are lost. Any thread.
static void release(void *opaque, uint8_t *data)
{
    (void)data;
    struct loan *loan = opaque;
    struct pipeline_shared_frames *shared = loan->shared;
    const struct pipeline_isolate_release message = { PIPELINE_ISOLATE_RELEASE, loan->index };
    pthread_mutex_lock(&shared->lock);
    loan->taken = false;
    if (shared->socket >= 0) {
        (void)send(shared->socket, &message, sizeof message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    pthread_mutex_unlock(&shared->lock);
    leave(shared);
}

static bool take(struct loan *loan)
{
    struct pipeline_shared_frames *shared = loan->shared;
    pthread_mutex_lock(&shared->lock);
    const bool was_taken = loan->taken;
    loan->taken = true;
    shared->users += !was_taken;
    pthread_mutex_unlock(&shared->lock);
    return !was_taken;
}

bool pipeline_shared_frames_lend(struct pipeline_shared_frames *shared,
                                 const struct pipeline_isolate_frame *message,
                                 struct pipeline_frame *frame, struct mc_error *err)
{
    struct loan *loan = &shared->loans[message->loan];
    AVFrame *image = frame->image;
    if (!take(loan)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "the decoder sent a frame twice");
    }
    image->buf[0] =
        av_buffer_create(shared->base, shared->bytes, release, loan, AV_BUFFER_FLAG_READONLY);
    if (image->buf[0] == NULL) {
        release(loan, NULL);
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a frame");
    }
    image->width = message->width;
    image->height = message->height;
    image->format = message->format;
    image->color_range = (enum AVColorRange)message->color_range;
    image->colorspace = (enum AVColorSpace)message->colorspace;
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(message->format);
    const bool has_palette = (format->flags & AV_PIX_FMT_FLAG_PAL) != 0; // a plane without rows
    const int planes = av_pix_fmt_count_planes(message->format);
    for (int i = 0; i < PIPELINE_ISOLATE_PLANES; i++) { // of others, nothing was checked
        const bool used = i < planes || (has_palette && i == 1);
        image->data[i] = used ? shared->base + message->offsets[i] : NULL;
        image->linesize[i] = used ? message->linesizes[i] : 0;
    }
    frame->lowres = message->lowres;
    frame->pts = message->pts;
    frame->time_base = message->time_base;
    frame->display = message->display;
    frame->arrival_ns = message->arrival_ns;
    frame->decode_ns = message->decode_ns;
    frame->reassembly_ns = message->reassembly_ns;
    frame->damaged = message->damaged != 0;
    frame->ready_ns = message->ready_ns;
    return true;
}
