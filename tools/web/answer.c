#include "tools/web/answer.h"

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS_BYTES = 1536 };

int web_answer_end(struct lws *wsi)
{
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int send_body(struct lws *wsi, const char *text, size_t length)
{
    unsigned char *bytes = malloc(LWS_PRE + length);
    if (bytes == NULL) {
        return -1;
    }
    memcpy(bytes + LWS_PRE, text, length);
    const int sent = lws_write(wsi, bytes + LWS_PRE, length, LWS_WRITE_HTTP_FINAL);
    free(bytes);
    return sent < 0 ? -1 : web_answer_end(wsi);
}

int web_answer(struct lws *wsi, unsigned status, const char *type, const char *text, size_t length)
{
    unsigned char headers[LWS_PRE + HEADERS_BYTES];
    unsigned char *start = headers + LWS_PRE, *p = start, *end = headers + sizeof headers - 1;
    const bool is_head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    if (lws_add_http_common_headers(wsi, status, type != NULL ? type : "text/plain; charset=utf-8",
                                    length, &p, end) != 0 ||
        lws_finalize_write_http_header(wsi, start, &p, end) != 0) {
        return -1;
    }
    return is_head || length == 0 ? web_answer_end(wsi) : send_body(wsi, text, length);
}

int web_answer_refuse(struct lws *wsi, unsigned status, const char *reason)
{
    return web_answer(wsi, status, NULL, reason, strlen(reason));
}
