#include "tools/web/photo.h"

#include <libwebsockets.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "tools/web/answer.h"
#include "tools/web/face_finder.h"
#include "tools/web/token.h"

static const char type_wanted[] = "image/x-portable-pixmap";
static const char token_header[] = "x-mocap-token:";

enum { HEADER_BYTES = 128, UPLOAD_SECONDS = 20 };

// Refuses the photo once its body has been read: a client that is still sending would not see an
// answer.
static bool refuse(struct web_photo *photo, unsigned status, const char *format, ...)
    MC_PRINTF(3, 4);

static bool refuse(struct web_photo *photo, unsigned status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(photo->reason, sizeof photo->reason, format, arguments);
    va_end(arguments);
    photo->refusal = status;
    return false;
}

static bool is_this_machine(struct lws *wsi)
{
    char address[HEADER_BYTES] = "";
    lws_get_peer_simple(wsi, address, sizeof address);
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
           strncmp(address, "::ffff:127.", 11) == 0;
}

static bool has_token(struct lws *wsi, const char *token)
{
    char given[HEADER_BYTES];
    const int length = (int)strlen(token_header);
    return lws_hdr_custom_copy(wsi, given, sizeof given, token_header, length) > 0 &&
           web_token_is(token, given);
}

static bool is_allowed(struct web_photo *photo, const struct web_photos *photos, struct lws *wsi)
{
    char type[HEADER_BYTES] = "";
    if (!is_this_machine(wsi)) {
        return refuse(photo, HTTP_STATUS_FORBIDDEN,
                      "photos are read for this machine alone: open the page there, or through a "
                      "tunnel (ssh -L 8040:127.0.0.1:8040 HOST)");
    }
    if (!has_token(wsi, photos->token)) {
        return refuse(photo, HTTP_STATUS_FORBIDDEN,
                      "token: must be the one in the address that mocap-web printed when it "
                      "started");
    }
    if (lws_hdr_copy(wsi, type, sizeof type, WSI_TOKEN_HTTP_CONTENT_TYPE) <= 0 ||
        strcmp(type, type_wanted) != 0) {
        return refuse(photo, HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE,
                      "Content-Type must be %s, got '%.40s'", type_wanted, type);
    }
    if (photos->is_busy) {
        return refuse(photo, HTTP_STATUS_SERVICE_UNAVAILABLE,
                      "another photo is being read: try again");
    }
    return true;
}

// The body's length; 0, and answered set, when there is none that can be read.
static size_t read_length(struct lws *wsi, int *answered)
{
    char text[HEADER_BYTES] = "", reason[HEADER_BYTES], *end = text;
    const int got = lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    const unsigned long long length = got > 0 ? strtoull(text, &end, 10) : 0;
    if (got <= 0 || *end != '\0') {
        *answered =
            web_answer_refuse(wsi, HTTP_STATUS_LENGTH_REQUIRED, "Content-Length must be given");
        return 0;
    }
    if (length == 0) {
        *answered = web_answer_refuse(wsi, HTTP_STATUS_BAD_REQUEST, "there is no image");
        return 0;
    }
    if (length > WEB_PHOTO_BYTES_MAX) {
        snprintf(reason, sizeof reason, "an image must be at most %d bytes, got %llu",
                 WEB_PHOTO_BYTES_MAX, length);
        web_answer_refuse(wsi, HTTP_STATUS_REQ_ENTITY_TOO_LARGE, reason);
        *answered = -1; // the rest of it is not read
        return 0;
    }
    return (size_t)length;
}

int web_photo_begin(struct web_photos *photos, struct web_photo *photo, struct lws *wsi)
{
    int answered = 0;
    *photo = (struct web_photo){
        .expected = read_length(wsi, &answered),
        .until_ns = mc_clock_now_ns() + UPLOAD_SECONDS * MC_NS_PER_SECOND,
    };
    if (photo->expected == 0) {
        return answered;
    }
    if (is_allowed(photo, photos, wsi)) {
        photo->image = malloc(photo->expected);
        if (photo->image == NULL) {
            refuse(photo, HTTP_STATUS_INTERNAL_SERVER_ERROR, "out of memory for a photo");
        } else {
            photo->photos = photos;
            photos->is_busy = true;
        }
    }
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, UPLOAD_SECONDS);
    return 0;
}

int web_photo_read(struct web_photo *photo, const char *bytes, size_t length)
{
    // Every piece of the body makes libwebsockets wait anew.
    if (length > photo->expected - photo->length || mc_clock_now_ns() > photo->until_ns) {
        return -1;
    }
    if (photo->image != NULL) {
        memcpy(photo->image + photo->length, bytes, length);
    }
    photo->length += length;
    return 0;
}

static void finish(struct web_photo *photo, unsigned status, const char *text)
{
    photo->on_done(photo->user, status, text);
    web_photo_end(photo);
}

static void on_found(void *user, unsigned status, const char *text)
{
    struct web_photo *photo = user;
    photo->finder = NULL; // it ends by itself
    finish(photo, status, text);
}

void web_photo_find(struct web_photo *photo, web_photo_done *on_done, void *user)
{
    struct mc_error err = { 0 };
    char *image = photo->image;
    photo->on_done = on_done;
    photo->user = user;
    photo->image = NULL;
    if (photo->refusal != 0) {
        finish(photo, photo->refusal, photo->reason);
        return;
    }
    photo->finder = web_face_finder_start(photo->photos->loop, photo->photos->program, image,
                                          photo->length, on_found, photo, &err);
    if (photo->finder == NULL) {
        finish(photo, HTTP_STATUS_INTERNAL_SERVER_ERROR, err.message);
    }
}

void web_photo_end(struct web_photo *photo)
{
    web_face_finder_forget(photo->finder);
    free(photo->image);
    if (photo->photos != NULL) {
        photo->photos->is_busy = false;
    }
    *photo = (struct web_photo){ 0 };
}
