#include "pipeline/source/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavformat/avformat.h>
#include <libavutil/avstring.h>

#include "pipeline/source/libav.h"

// Demuxers allowed for network sources. Those that only list other files, or render text, are
// left out.
static const char network_formats[] =
    "rtsp,hls,dash,mpegts,mpegtsraw,mpjpeg,mjpeg,mjpeg_2000,jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,"
    "gif,apng,flv,live_flv,matroska,webm,mov,mpeg,mpegvideo,avi,asf,ogg,nut,ivf,h264,hevc,m4v,obu,"
    "av1,h263,vc1,rtp";

// Decoders allowed for what comes from the network: of codecs that cameras and servers send. FFmpeg
// has hundreds more, of old games and disks, which few read and few fuzz. Those of sound only
// analyse.
static const char network_decoders[] =
    "h264,libopenh264,hevc,vp8,libvpx,vp9,libvpx-vp9,libdav1d,libaom-av1,libgav1,av1,"
    "mjpeg,mpeg1video,mpeg2video,mpeg4,msmpeg4v2,msmpeg4,h261,h263,h263p,flv,vp6,vp6a,vp6f,theora,"
    "vc1,vc1image,wmv1,wmv2,wmv3,wmv3image,jpeg2000,libopenjpeg,png,apng,gif,bmp,webp,rawvideo,"
    "bitpacked,"
    "aac,aac_latm,ac3,eac3,mp2float,mp3float,opus,libopus,vorbis,flac,pcm_alaw,pcm_mulaw,pcm_s16be,"
    "pcm_s16le,g722,g726,g726le";

void pipeline_access_init(struct pipeline_access *access, enum pipeline_url_kind kind,
                          const char *url, const char *path)
{
    *access = (struct pipeline_access){ .kind = kind, .url = url };
    if (path == NULL) {
        return;
    }
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const int length = slash != NULL ? (int)(slash - path) + 1 : 0;
    snprintf(directory, sizeof directory, "%.*s", length, path);
    if (realpath(length > 0 ? directory : ".", access->directory) == NULL) {
        access->directory[0] = '\0';
    }
}

static bool is_inside(const char *directory, const char *path)
{
    char real[PATH_MAX];
    const size_t length = strlen(directory);
    return length > 0 && realpath(path, real) != NULL && strncmp(real, directory, length) == 0 &&
           (real[length] == '/' || directory[length - 1] == '/');
}

static bool allows_local(const struct pipeline_access *access, const char *url)
{
    if (access->kind == PIPELINE_URL_SDP &&
        (strncmp(url, "rtp:", 4) == 0 || strncmp(url, "udp:", 4) == 0)) {
        return true;
    }
    const char *path = strncmp(url, "file:", 5) == 0 ? url + 5 : url;
    return is_inside(access->directory, path);
}

bool pipeline_access_allows(const struct pipeline_access *access, const char *url)
{
    if (strncmp(url, "data:", 5) == 0) {
        return true;
    }
    if (strncmp(url, "crypto+", 7) == 0 || strncmp(url, "crypto:", 7) == 0) {
        url += 7;
    }
    return pipeline_url_is_network(access->kind) ? pipeline_url_is_same_server(access->url, url)
                                                 : allows_local(access, url);
}

// As io_open of AVFormatContext.
static int open_allowed(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                        AVDictionary **options)
{
    const struct pipeline_access *access = format->opaque;
    if (strcmp(url, format->url) != 0 && !pipeline_access_allows(access, url)) {
        av_log(format, AV_LOG_ERROR, "it leads to %s, which must be %s\n", url,
               pipeline_url_is_network(access->kind) ? "on the same server"
                                                     : "a file in its own folder");
        return AVERROR(EACCES);
    }
    return access->open(format, io, url, flags, options);
}

static void list_protocols(const struct pipeline_access *access, char *list, size_t size)
{
    const int scheme = (int)strcspn(access->url, ":");
    if (!pipeline_url_is_network(access->kind)) {
        snprintf(list, size, "file,crypto,data%s",
                 access->kind == PIPELINE_URL_SDP ? ",rtp,udp" : "");
    } else if (strncmp(access->url, "http", 4) == 0) {
        snprintf(list, size, "http,https,httpproxy,tcp,tls,crypto,data");
    } else if (strncmp(access->url, "rtmp", 4) == 0) {
        snprintf(list, size, "%.*s,rtmp,ffrtmphttp,ffrtmpcrypt,http,https,tcp,tls", scheme,
                 access->url);
    } else {
        snprintf(list, size, "%.*s,tcp,tls,udp,rtp,srtp", scheme, access->url);
    }
}

bool pipeline_access_apply(struct pipeline_access *access, struct AVFormatContext *format,
                           struct AVDictionary **options, struct mc_error *err)
{
    if (access->kind == PIPELINE_URL_LAVFI || access->kind == PIPELINE_URL_DEMO) {
        return true; // the user wrote the graph; the clip is ours
    }
    char protocols[256];
    list_protocols(access, protocols, sizeof protocols);
    access->open = format->io_open;
    format->io_open = open_allowed;
    format->opaque = access;
    const bool set = av_dict_set(options, "protocol_whitelist", protocols, 0) >= 0 &&
                     (!pipeline_url_is_network(access->kind) ||
                      av_dict_set(options, "format_whitelist", network_formats, 0) >= 0) &&
                     (!pipeline_url_is_sent(access->kind) ||
                      av_dict_set(options, "codec_whitelist", network_decoders, 0) >= 0);
    return set || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the source");
}

bool pipeline_access_allows_decoder(const struct pipeline_access *access, const char *name)
{
    return !pipeline_url_is_sent(access->kind) || av_match_list(name, network_decoders, ',') > 0;
}

static bool allows_redirect(void *user, const char *url)
{
    return pipeline_access_allows(user, url);
}

void pipeline_access_enter(struct pipeline_access *access)
{
    pipeline_libav_vet_redirects(allows_redirect, access);
}

void pipeline_access_leave(void)
{
    pipeline_libav_vet_redirects(NULL, NULL);
}
