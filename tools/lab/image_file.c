#include "tools/lab/image_file.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>

// What is open while an image is read.
struct reader {
    AVFormatContext *file;
    AVCodecContext *decoder;
    AVPacket *packet;
};

static bool fail(struct mc_error *err, const char *path, int result)
{
    char cause[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(result, cause, sizeof cause);
    return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: %s", path, cause);
}

static bool open_decoder(struct reader *reader, const char *path, int *stream, struct mc_error *err)
{
    int result = avformat_open_input(&reader->file, path, NULL, NULL);
    if (result < 0) {
        return fail(err, path, result);
    }
    const AVCodec *codec = NULL;
    *stream = av_find_best_stream(reader->file, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (*stream < 0) {
        return fail(err, path, *stream);
    }
    reader->decoder = avcodec_alloc_context3(codec);
    reader->packet = av_packet_alloc();
    if (reader->decoder == NULL || reader->packet == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", path);
    }
    result =
        avcodec_parameters_to_context(reader->decoder, reader->file->streams[*stream]->codecpar);
    result = result < 0 ? result : avcodec_open2(reader->decoder, codec, NULL);
    return result >= 0 || fail(err, path, result);
}

// Sends packets until there is a frame; at the end of the file the decoder is flushed.
static bool decode(struct reader *reader, int stream, AVFrame *frame, const char *path,
                   struct mc_error *err)
{
    int result = AVERROR(EAGAIN);
    while (result == AVERROR(EAGAIN)) {
        const int read = av_read_frame(reader->file, reader->packet);
        if (read >= 0 && reader->packet->stream_index != stream) {
            av_packet_unref(reader->packet);
            continue;
        }
        const int sent = avcodec_send_packet(reader->decoder, read < 0 ? NULL : reader->packet);
        av_packet_unref(reader->packet);
        result = avcodec_receive_frame(reader->decoder, frame);
        if (sent < 0 && result == AVERROR(EAGAIN)) {
            result = sent;
        }
    }
    return result >= 0 || fail(err, path, result);
}

AVFrame *lab_image_file_load(const char *path, struct mc_error *err)
{
    struct reader reader = { 0 };
    int stream = 0;
    AVFrame *frame = av_frame_alloc();
    bool good = frame != NULL ? open_decoder(&reader, path, &stream, err) &&
                                    decode(&reader, stream, frame, path, err)
                              : mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", path);
    avcodec_free_context(&reader.decoder);
    av_packet_free(&reader.packet);
    avformat_close_input(&reader.file);
    if (!good) {
        av_frame_free(&frame);
    }
    return frame;
}
