#include "tools/web/request.h"

#include <libwebsockets.h>

const char *web_request_header(struct lws *wsi, int token, char text[WEB_REQUEST_HEADER_BYTES])
{
    const int length = lws_hdr_copy(wsi, text, WEB_REQUEST_HEADER_BYTES, token);
    return length > 0 ? text : NULL;
}

bool web_request_has(struct lws *wsi, int token)
{
    return lws_hdr_total_length(wsi, token) > 0;
}

bool web_request_host_is_ours(const struct web_names *names, struct lws *wsi,
                              char reason[WEB_REQUEST_REASON_BYTES])
{
    char host[WEB_REQUEST_HEADER_BYTES];
    const char *read = web_request_header(wsi, WSI_TOKEN_HOST, host);
    if (web_access_host_is_ours(names, read)) {
        return true;
    }
    web_access_explain_host(read, reason, WEB_REQUEST_REASON_BYTES);
    return false;
}

bool web_request_is_from_us(const struct web_names *names, struct lws *wsi,
                            char reason[WEB_REQUEST_REASON_BYTES])
{
    char host[WEB_REQUEST_HEADER_BYTES], origin[WEB_REQUEST_HEADER_BYTES];
    // An origin that is too long to be read still is one.
    const bool has_origin = web_request_has(wsi, WSI_TOKEN_ORIGIN);
    const char *origin_read = web_request_header(wsi, WSI_TOKEN_ORIGIN, origin);
    const char *host_read = web_request_header(wsi, WSI_TOKEN_HOST, host);
    if (!web_request_host_is_ours(names, wsi, reason)) {
        return false;
    }
    if ((has_origin && origin_read == NULL) ||
        !web_access_origin_is_ours(names, origin_read, host_read)) {
        web_access_explain_origin(origin_read, host_read, reason, WEB_REQUEST_REASON_BYTES);
        return false;
    }
    return true;
}
