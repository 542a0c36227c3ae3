// response.h - the headers that libwebsockets found in a response.
#ifndef HW_WS_RESPONSE_H
#define HW_WS_RESPONSE_H

#include <stddef.h>

#include <libwebsockets.h>

// All it knows, as "Name: value\n" lines; the caller frees it. NULL: no memory.
char *
hw_ws_response_lines(struct lws *wsi);

// One header's value, "" if there is none.
void
hw_ws_response_get(struct lws *wsi, enum lws_token_indexes token, char *to,
                   size_t room);

// What follows "HTTP/1.1 " in the first line.
void
hw_ws_response_status(struct lws *wsi, char *to, size_t room);

#endif
