// POST /photo: the faces in a photo, as a motion record. The body is a PPM image: the browser
// decodes the photo, so that nobody else has to. Only from this machine, which includes a reverse
// proxy that runs here, for pages that are ours and know the token, one at a time. Thread: loop.
// libwebsockets calls for what is here return 0, or -1 to close the connection.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

struct lws;
struct web_face_finder;

enum { WEB_PHOTO_BYTES_MAX = 2 * 1024 * 1024 };

// What all requests share; borrowed.
struct web_photos {
    uv_loop_t *loop;
    const char *program; // mocapctl's path
    const char *token;
    bool is_busy; // with the photo of one request
};

// status is that of the answer: 200 with a record as JSON; otherwise with what is wrong. Borrowed
// for the call.
typedef void web_photo_done(void *user, unsigned status, const char *text);

// One request; all zeros: none.
struct web_photo {
    struct web_photos *photos;      // NULL: it is not being read
    char *image;                    // until it is complete
    size_t length, expected;        // bytes
    int64_t until_ns;               // the body must be there
    struct web_face_finder *finder; // while the faces are being found
    web_photo_done *on_done;
    void *user;
    unsigned refusal; // status, once the body is there; 0: none
    char reason[512];
};

// The headers are there; the host and the origin are ours.
int web_photo_begin(struct web_photos *photos, struct web_photo *photo, struct lws *wsi);

// A part of the body.
int web_photo_read(struct web_photo *photo, const char *bytes, size_t length);

// The body is complete: on_done is called once, now or later, unless web_photo_end comes first. The
// request is over then.
void web_photo_find(struct web_photo *photo, web_photo_done *on_done, void *user);

// The client is gone. All zeros does nothing.
void web_photo_end(struct web_photo *photo);
