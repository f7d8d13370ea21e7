#include "tests/pipeline/clip_file.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

#include "pipeline/source/libav.h"

static AVCodecContext *open_encoder(const struct clip_options *options,
                                    const AVFormatContext *muxer)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(options->encoder);
    assert_non_null(codec);
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    encoder->width = options->width;
    encoder->height = options->height;
    encoder->time_base = (AVRational){ 1, options->rate };
    encoder->framerate = (AVRational){ options->rate, 1 };
    encoder->pix_fmt = codec->pix_fmts[0];
    encoder->sample_aspect_ratio = options->pixel_aspect;
    encoder->color_range =
        encoder->pix_fmt == AV_PIX_FMT_YUVJ420P ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    encoder->max_b_frames = options->b_frames;
    if (options->b_frames > 0) { // always as many; of these options each encoder has its own
        av_opt_set(encoder->priv_data, "b_strategy", "0", 0);
        av_opt_set(encoder->priv_data, "x265-params", "b-adapt=0:log-level=none", 0);
    }
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = FF_QP2LAMBDA * 2;
    if (muxer->oformat->flags & AVFMT_GLOBALHEADER) {
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }
    assert_int_equal(avcodec_open2(encoder, codec, NULL), 0);
    return encoder;
}

// An EXIF segment of one entry, right behind the start of the JPEG.
static void add_exif(AVPacket *packet, int orientation)
{
    uint8_t exif[] = { 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,
                       'M',  'M',  0, 42, 0,   0,   0,   8,   0, 1, // entries
                       0x01, 0x12, 0, 3,  0,   0,   0,   1,   0, (uint8_t)orientation,
                       0,    0, // a short
                       0,    0,    0, 0 };
    const int size = packet->size;
    assert_true(size > 2 && packet->data[0] == 0xff && packet->data[1] == 0xd8);
    assert_int_equal(av_grow_packet(packet, sizeof exif), 0);
    memmove(packet->data + 2 + sizeof exif, packet->data + 2, (size_t)size - 2);
    memcpy(packet->data + 2, exif, sizeof exif);
}

struct writer {
    const struct clip_options *options;
    AVFormatContext *muxer;
    AVCodecContext *encoder;
    AVBSFContext *filter; // or NULL
};

static void write_packet(const struct writer *writer, AVPacket *packet)
{
    packet->duration = 1;
    if (writer->options->exif_orientation != 0) {
        add_exif(packet, writer->options->exif_orientation);
    }
    if (writer->filter != NULL) {
        assert_int_equal(av_bsf_send_packet(writer->filter, packet), 0);
        assert_int_equal(av_bsf_receive_packet(writer->filter, packet), 0);
    }
    av_packet_rescale_ts(packet, writer->encoder->time_base, writer->muxer->streams[0]->time_base);
    assert_int_equal(av_interleaved_write_frame(writer->muxer, packet), 0);
}

static void write_packets(const struct writer *writer, const AVFrame *frame)
{
    AVPacket *packet = av_packet_alloc();
    assert_int_equal(avcodec_send_frame(writer->encoder, frame), 0);
    while (avcodec_receive_packet(writer->encoder, packet) == 0) {
        write_packet(writer, packet);
    }
    av_packet_free(&packet);
}

static AVBSFContext *open_filter(const struct clip_options *options, const AVStream *stream)
{
    AVBSFContext *filter = NULL;
    if (options->filter != NULL) {
        assert_int_equal(av_bsf_list_parse_str(options->filter, &filter), 0);
        avcodec_parameters_copy(filter->par_in, stream->codecpar);
        assert_int_equal(av_bsf_init(filter), 0);
    }
    return filter;
}

static void encode_all(const struct writer *writer)
{
    const struct clip_options *options = writer->options;
    const AVCodecContext *encoder = writer->encoder;
    int linesize = options->width * 3;
    uint8_t *rgb = calloc(1, (size_t)linesize * (size_t)options->height + 64);
    struct SwsContext *scaler = sws_getContext(options->width, options->height, AV_PIX_FMT_RGB24,
                                               options->width, options->height, encoder->pix_fmt,
                                               SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
    for (int i = 0; i < options->frames; i++) {
        AVFrame *frame = av_frame_alloc();
        frame->format = encoder->pix_fmt;
        frame->width = options->width;
        frame->height = options->height;
        frame->pts = i < options->gap_at ? i : i + options->gap;
        frame->quality = encoder->global_quality;
        assert_int_equal(av_frame_get_buffer(frame, 0), 0);
        options->paint(options->user, i, rgb, options->width, options->height);
        sws_scale(scaler, (const uint8_t *const[]){ rgb }, &linesize, 0, options->height,
                  frame->data, frame->linesize);
        write_packets(writer, frame);
        av_frame_free(&frame);
    }
    write_packets(writer, NULL);
    sws_freeContext(scaler);
    free(rgb);
}

void clip_write(const struct clip_options *options)
{
    pipeline_libav_init();
    AVFormatContext *muxer = NULL;
    assert_true(avformat_alloc_output_context2(&muxer, NULL, NULL, options->path) >= 0);
    AVStream *stream = avformat_new_stream(muxer, NULL);
    AVCodecContext *encoder = open_encoder(options, muxer);
    avcodec_parameters_from_context(stream->codecpar, encoder);
    stream->time_base = encoder->time_base;
    stream->avg_frame_rate = encoder->framerate;
    if (options->display_matrix != NULL) {
        uint8_t *matrix =
            av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
        memcpy(matrix, options->display_matrix, 9 * sizeof(int32_t));
    }
    if (options->pixel_aspect.num != 0) {
        stream->sample_aspect_ratio = options->pixel_aspect;
    }
    assert_true(avio_open(&muxer->pb, options->path, AVIO_FLAG_WRITE) >= 0);
    AVDictionary *settings = NULL;
    if (options->index_first) {
        av_dict_set(&settings, "movflags", "+faststart", 0);
    }
    assert_true(avformat_write_header(muxer, &settings) >= 0);
    av_dict_free(&settings);
    struct writer writer = { options, muxer, encoder, open_filter(options, stream) };
    encode_all(&writer);
    av_bsf_free(&writer.filter);
    assert_int_equal(av_write_trailer(muxer), 0);
    avio_closep(&muxer->pb);
    avcodec_free_context(&encoder);
    avformat_free_context(muxer);
}

void clip_write_sound(const char *path)
{
    // RIFF, 8 kHz, one channel, 16 bits, 800 samples.
    static const uint8_t header[44] = { 'R',  'I',  'F', 'F', 0x64, 0x06, 0, 0, 'W', 'A', 'V', 'E',
                                        'f',  'm',  't', ' ', 16,   0,    0, 0, 1,   0,   1,   0,
                                        0x40, 0x1f, 0,   0,   0x80, 0x3e, 0, 0, 2,   0,   16,  0,
                                        'd',  'a',  't', 'a', 0x40, 0x06, 0, 0 };
    static const uint8_t silence[1600];
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(header, 1, sizeof header, file);
    fwrite(silence, 1, sizeof silence, file);
    assert_int_equal(fclose(file), 0);
}

void clip_directory_make(char *path, int size)
{
    snprintf(path, (size_t)size, "/tmp/mocapd-test-XXXXXX");
    assert_non_null(mkdtemp(path));
}

void clip_directory_remove(const char *path)
{
    DIR *directory = opendir(path);
    assert_non_null(directory);
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
    assert_int_equal(rmdir(path), 0);
}
