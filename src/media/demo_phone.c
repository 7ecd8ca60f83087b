/* The phone clip: the same pictures and sound, in a file that tells where, when and with what. */
#include "demo_phone.h"

#include <libavcodec/bsf.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>

#include "av.h"

static struct status copy_streams(const struct av_input *in, AVFormatContext *out) {
    for (unsigned i = 0; i < in->format->nb_streams; i++) {
        AVStream *st = avformat_new_stream(out, NULL);
        if (st == NULL) {
            return FAIL(E_MEMORY);
        }
        const AVStream *from = in->format->streams[i];
        TRY(av_status(avcodec_parameters_copy(st->codecpar, from->codecpar)));
        st->codecpar->codec_tag = 0;
        st->time_base = from->time_base;
        (void)av_dict_set(&st->metadata, "handler_name", PHONE_HANDLER, 0);
        (void)av_dict_set(&st->metadata, "creation_time", PHONE_TIME, 0);
        if (from == in->video) {
            uint8_t *matrix =
                av_stream_new_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
            if (matrix == NULL) {
                return FAIL(E_MEMORY);
            }
            av_display_rotation_set((int32_t *)(void *)matrix, 90);
        }
    }
    return STATUS_OK;
}

static void tell_everything(AVFormatContext *out) {
    static const char *const told[][2] = {
        {"creation_time", PHONE_TIME},
        {"location", PHONE_LOCATION},
        {"make", PHONE_MAKE},
        {"model", PHONE_MODEL},
        {"title", PHONE_TITLE},
        {"com.apple.quicktime.location.ISO6709", PHONE_LOCATION},
        {"com.apple.quicktime.make", PHONE_MAKE},
        {"com.apple.quicktime.model", PHONE_MODEL},
        {"com.apple.quicktime.software", PHONE_SOFTWARE},
        {"com.apple.quicktime.creationdate", "2026-03-14T16:09:26+0100"},
    };
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        (void)av_dict_set(&out->metadata, told[i][0], told[i][1], 0);
    }
}

/* The name of the device in the pictures themselves, where encoders sign. */
static struct status make_signer(const AVStream *video, AVBSFContext **ret_signer) {
    const AVBitStreamFilter *filter = av_bsf_get_by_name("h264_metadata");
    if (filter == NULL) {
        return FAIL(E_MEDIA_UNSUPPORTED);
    }
    TRY(av_status(av_bsf_alloc(filter, ret_signer)));
    TRY(av_status(avcodec_parameters_copy((*ret_signer)->par_in, video->codecpar)));
    (*ret_signer)->time_base_in = video->time_base;
    TRY(av_status(av_opt_set((*ret_signer)->priv_data, "sei_user_data",
                             "086f3693b7b34f2c965321492feee5b8+" PHONE_MODEL, 0)));
    return av_status(av_bsf_init(*ret_signer));
}

static struct status sign(AVBSFContext *signer, AVPacket *packet) {
    TRY(av_status(av_bsf_send_packet(signer, packet)));
    return av_status(av_bsf_receive_packet(signer, packet));
}

static struct status copy_packets(struct av_input *in, AVFormatContext *out, AVBSFContext *signer,
                                  AVPacket *packet) {
    while (av_read_frame(in->format, packet) >= 0) {
        const AVStream *from = in->format->streams[packet->stream_index];
        if (from == in->video) {
            TRY(sign(signer, packet));
        }
        const AVStream *to = out->streams[packet->stream_index];
        av_packet_rescale_ts(packet, from->time_base, to->time_base);
        packet->pos = -1;
        TRY(av_status(av_interleaved_write_frame(out, packet)));
    }
    return STATUS_OK;
}

static struct status write_all(struct av_input *in, AVFormatContext *out, AVBSFContext **signer,
                               const char *path) {
    AVDictionary *options = NULL;
    TRY(copy_streams(in, out));
    tell_everything(out);
    TRY(make_signer(in->video, signer));
    TRY(av_status(avio_open(&out->pb, path, AVIO_FLAG_WRITE)));
    (void)av_dict_set(&options, "movflags", "use_metadata_tags", 0);
    int error = avformat_write_header(out, &options);
    av_dict_free(&options);
    TRY(av_status(error));
    AVPacket *packet = av_packet_alloc();
    if (packet == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status s = copy_packets(in, out, *signer, packet);
    av_packet_free(&packet);
    TRY(s);
    return av_status(av_write_trailer(out));
}

struct status phone_write(struct slice clip, const char *path) {
    struct av_input in;
    AVFormatContext *out = NULL;
    AVBSFContext *signer = NULL;
    TRY(av_input_open(clip, &in));
    struct status s = av_status(avformat_alloc_output_context2(&out, NULL, "mov", path));
    s = failed(s) ? s : write_all(&in, out, &signer, path);
    av_bsf_free(&signer);
    if (out != NULL) {
        (void)avio_closep(&out->pb);
        avformat_free_context(out);
    }
    av_input_close(&in);
    return s;
}
