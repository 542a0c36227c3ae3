// response.c - the headers that libwebsockets found in a response.
#include "response.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 16 * 1024, LINES_MAX = 64 * 1024 };

// libwebsockets 4.1 keeps headers that it has no token for, but can't list
// them: these are asked for by name.
static const char *const others[] = {
    "x-request-id",
    "x-correlation-id",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "ratelimit-policy",
    "x-powered-by",
    "x-error",
    "x-error-message",
    "cf-ray",
    "alt-svc",
    "sec-websocket-version",
    "proxy-status",
    "traceparent",
    "x-amzn-requestid",
    "x-amzn-errortype",
    "nel",
    "report-to",
    "x-frame-options",
    "x-content-type-options",
    "x-envoy-upstream-service-time",
};

struct lines {
    char *text;
    size_t size, room;
};

static bool
reserve(struct lines *lines, size_t more)
{
    size_t need = lines->size + more + 1;
    char *larger;

    if (need <= lines->room) {
        return true;
    }
    if (need > LINES_MAX) {
        return false;
    }
    need = need < 1024 ? 1024 : need * 2;
    larger = realloc(lines->text, need);
    if (larger == NULL) {
        return false;
    }
    lines->text = larger;
    lines->room = need;
    return true;
}

// Names are kept in lower case; they read better as "Retry-After".
static void
add_line(struct lines *lines, const char *name, size_t name_size,
         const char *value)
{
    size_t size = strlen(value);
    bool upper = true;
    char *to;

    if (!reserve(lines, name_size + 2 + size + 1)) {
        return; // too many: the rest is left out
    }
    to = lines->text + lines->size;
    for (size_t i = 0; i < name_size; i++) {
        char c = name[i];

        *to++ = upper && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        upper = c == '-';
    }
    *to++ = ':';
    *to++ = ' ';
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)value[i];

        *to++ = c < ' ' || c == 0x7f ? ' ' : (char)c;
    }
    *to++ = '\n';
    *to = '\0';
    lines->size = (size_t)(to - lines->text);
}

// Each occurrence of a header is a fragment.
static void
add_token(struct lines *lines, struct lws *wsi, enum lws_token_indexes token,
          char *value)
{
    const char *name = (const char *)lws_token_to_string(token);
    size_t size = name == NULL ? 0 : strlen(name);

    // Tokens of requests and of HTTP/2 look otherwise.
    if (size < 2 || name[size - 1] != ':' || name[0] == ':') {
        return;
    }
    for (int i = 0; lws_hdr_copy_fragment(wsi, value, VALUE_MAX, token, i) >= 0;
         i++) {
        add_line(lines, name, size - 1, value);
    }
}

char *
hw_ws_response_lines(struct lws *wsi)
{
    struct lines lines = { NULL, 0, 0 };
    char *value = malloc(VALUE_MAX);
    char name[64];

    if (value == NULL || !reserve(&lines, 0)) {
        free(value);
        return NULL;
    }
    lines.text[0] = '\0';
    for (int token = 0; token < WSI_TOKEN_COUNT; token++) {
        if (lws_hdr_total_length(wsi, token) > 0) {
            add_token(&lines, wsi, token, value);
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        int size = snprintf(name, sizeof name, "%s:", others[i]);

        if (lws_hdr_custom_copy(wsi, value, VALUE_MAX, name, size) > 0) {
            add_line(&lines, others[i], (size_t)size - 1, value);
        }
    }
    free(value);
    return lines.text;
}

void
hw_ws_response_get(struct lws *wsi, enum lws_token_indexes token, char *to,
                   size_t room)
{
    if (lws_hdr_copy(wsi, to, (int)room, token) < 0) {
        to[0] = '\0';
    }
    to[strcspn(to, "\r\n")] = '\0';
}

void
hw_ws_response_status(struct lws *wsi, char *to, size_t room)
{
    hw_ws_response_get(wsi, WSI_TOKEN_HTTP, to, room);
    if (to[0] == '\0') {
        hw_ws_response_get(wsi, WSI_TOKEN_HTTP1_0, to, room);
    }
}
