// upgrade.h - the HTTP request that asks for WebSocket, and what answers mean.
//
// Text in, text out: nothing here knows a socket.
#ifndef HW_WS_UPGRADE_H
#define HW_WS_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/transport.h>

#include "url.h"

enum {
    HW_WS_KEY_SIZE = 25,    // base64 of 16 bytes, and a zero
    HW_WS_ACCEPT_SIZE = 29, // base64 of 20 bytes, and a zero
    // More than a fresh socket surely takes at once, and servers refuse less.
    HW_WS_REQUEST_MAX = 16 * 1024,
};

// Are the options ws.header, ws.protocol, ws.origin and auth.… fit to be sent?
bool
hw_ws_upgrade_check(const hawser_settings *settings, char *sentence,
                    size_t sentence_size);

// Are lines "Name: value\n" headers that an application may add? what names
// them in the sentence.
bool
hw_ws_headers_check(const char *what, const char *lines, char *sentence,
                    size_t sentence_size);

// A fresh Sec-WebSocket-Key.
void
hw_ws_key_make(char key[static HW_WS_KEY_SIZE]);

// What Sec-WebSocket-Accept must be for a key.
void
hw_ws_accept_make(const char *key, char accept[static HW_WS_ACCEPT_SIZE]);

// The whole request without the empty line that ends it; the caller frees it.
// headers are those of this attempt, and stand for option headers of the same
// name. NULL: too long, as sentence says, or, with sentence empty, no memory.
char *
hw_ws_request_make(const struct hw_ws_url *url, const char *key,
                   const hawser_settings *settings, const char *headers,
                   char *sentence, size_t sentence_size);

// What the interesting headers of a 101 said; "" where one is missing.
struct hw_ws_answer {
    const char *upgrade;
    const char *connection;
    const char *accept;
    const char *protocol;
    const char *extensions;
    bool has_body; // Content-Length or Transfer-Encoding
};

// Is it what the request asked for? offered is option ws.protocol.
bool
hw_ws_answer_check(const struct hw_ws_answer *answer, const char *key,
                   const char *offered, char *sentence, size_t sentence_size);

// Retry-After as milliseconds from now (Unix seconds): a number of seconds or
// a date of RFC 9110 section 5.6.7. -1: nothing that can be obeyed.
int
hw_ws_retry_after_ms(const char *value, int64_t now);

#endif
