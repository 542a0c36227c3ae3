// serve_upgrade.c - the HTTP request that becomes a WebSocket (RFC 6455 §4.2).
#include "serve.h"

#include <ctype.h>
#include <http_parser.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_SIZE = 64, VALUE_MAX_SIZE = 256, URL_MAX_SIZE = 1024 };

struct upgrade {
    http_parser parser;
    size_t read;
    char url[URL_MAX_SIZE];
    char name[NAME_MAX_SIZE];
    char value[VALUE_MAX_SIZE];
    char key[VALUE_MAX_SIZE];
    char protocol[VALUE_MAX_SIZE];
    bool in_value;
    bool websocket;
    bool version_13;
    bool too_long; // the URL
    bool complete;
};

// Appends to a text that ends with a zero; false if it does not fit whole.
static bool
append(char *to, size_t room, const char *from, size_t size)
{
    size_t there = strlen(to);
    bool fits = size < room - there;

    if (!fits) {
        size = room - there - 1;
    }
    memcpy(to + there, from, size);
    to[there + size] = '\0';
    return fits;
}

static void
take_header(struct upgrade *upgrade)
{
    if (strcasecmp(upgrade->name, "Upgrade") == 0) {
        upgrade->websocket = strcasecmp(upgrade->value, "websocket") == 0;
    } else if (strcasecmp(upgrade->name, "Sec-WebSocket-Version") == 0) {
        upgrade->version_13 = strcmp(upgrade->value, "13") == 0;
    } else if (strcasecmp(upgrade->name, "Sec-WebSocket-Key") == 0) {
        memcpy(upgrade->key, upgrade->value, sizeof upgrade->key);
    } else if (strcasecmp(upgrade->name, "Sec-WebSocket-Protocol") == 0) {
        // Of those offered, the first.
        upgrade->value[strcspn(upgrade->value, ", ")] = '\0';
        memcpy(upgrade->protocol, upgrade->value, sizeof upgrade->protocol);
    }
    upgrade->name[0] = '\0';
    upgrade->value[0] = '\0';
    upgrade->in_value = false;
}

static int
on_url(http_parser *parser, const char *at, size_t size)
{
    struct upgrade *upgrade = parser->data;

    upgrade->too_long |= !append(upgrade->url, URL_MAX_SIZE, at, size);
    return 0;
}

static int
on_name(http_parser *parser, const char *at, size_t size)
{
    struct upgrade *upgrade = parser->data;

    if (upgrade->in_value) {
        take_header(upgrade);
    }
    // A name that is cut is none that we know.
    (void)append(upgrade->name, NAME_MAX_SIZE, at, size);
    return 0;
}

static int
on_value(http_parser *parser, const char *at, size_t size)
{
    struct upgrade *upgrade = parser->data;

    upgrade->in_value = true;
    // Values that we need are short; a cut one is refused by its own check.
    (void)append(upgrade->value, VALUE_MAX_SIZE, at, size);
    return 0;
}

static int
on_headers(http_parser *parser)
{
    struct upgrade *upgrade = parser->data;

    if (upgrade->in_value) {
        take_header(upgrade);
    }
    upgrade->complete = true;
    return 0;
}

struct upgrade *
upgrade_new(void)
{
    struct upgrade *upgrade = calloc(1, sizeof *upgrade);

    if (upgrade != NULL) {
        http_parser_init(&upgrade->parser, HTTP_REQUEST);
        upgrade->parser.data = upgrade;
    }
    return upgrade;
}

void
upgrade_free(struct upgrade *upgrade)
{
    free(upgrade);
}

static enum upgrade_answer
refuse(struct bytes *answer, const char *status, const char *why)
{
    char text[512];
    int size = snprintf(text, sizeof text,
                        "HTTP/1.1 %s\r\nContent-Type: text/plain\r\n"
                        "Content-Length: %zu\r\nSec-WebSocket-Version: 13\r\n"
                        "Connection: close\r\n\r\n%s\n",
                        status, strlen(why) + 1, why);

    // Without memory for the sentence, the peer is closed without one.
    (void)bytes_add(answer, text, (size_t)size);
    return UPGRADE_REFUSED;
}

static enum upgrade_answer
accept_upgrade(const struct upgrade *upgrade, struct bytes *answer)
{
    char text[VALUE_MAX_SIZE + 64];
    unsigned char hash[SHA_DIGEST_LENGTH];
    char accept[4 * (SHA_DIGEST_LENGTH + 2) / 3 + 1];
    char reply[VALUE_MAX_SIZE + 256];
    int size = snprintf(text, sizeof text,
                        "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", upgrade->key);

    SHA1((unsigned char *)text, (size_t)size, hash);
    EVP_EncodeBlock((unsigned char *)accept, hash, SHA_DIGEST_LENGTH);
    size = snprintf(
        reply, sizeof reply,
        "HTTP/1.1 101 Switching Protocols\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n%s%s%s\r\n",
        accept, upgrade->protocol[0] != '\0' ? "Sec-WebSocket-Protocol: " : "",
        upgrade->protocol, upgrade->protocol[0] != '\0' ? "\r\n" : "");
    return bytes_add(answer, reply, (size_t)size) ? UPGRADE_DONE
                                                  : UPGRADE_REFUSED;
}

// The value of ?name=number or &name=number, or other if there is none.
static uint64_t
query_number(const char *url, const char *name, uint64_t other)
{
    const char *at = strchr(url, '?');
    size_t size = strlen(name);

    while (at != NULL) {
        at++;
        if (strncmp(at, name, size) == 0 && at[size] == '=' &&
            isdigit((unsigned char)at[size + 1])) {
            return strtoull(at + size + 1, NULL, 10);
        }
        at = strchr(at, '&');
    }
    return other;
}

static enum upgrade_answer
judge(struct peer *peer, struct upgrade *upgrade, struct bytes *answer)
{
    char *url = upgrade->url;

    if (upgrade->parser.method != HTTP_GET) {
        return refuse(answer, "405 Method Not Allowed", "use GET");
    }
    if (upgrade->too_long) {
        return refuse(answer, "414 URI Too Long", "the URL is too long");
    }
    peer->role = role_of_path(peer->server, url, strcspn(url, "?#"));
    if (peer->role == ROLE_NONE) {
        return refuse(answer, "404 Not Found",
                      "there are /echo, /sink and /blast here");
    }
    if (!upgrade->parser.upgrade || !upgrade->websocket ||
        !upgrade->version_13 || upgrade->key[0] == '\0') {
        return refuse(answer, "426 Upgrade Required",
                      "this is hawser serve: it speaks WebSocket version 13");
    }
    if (peer->role == ROLE_BLAST &&
        !role_blast(peer, query_number(url, "count", UINT64_MAX),
                    query_number(url, "size", 64))) {
        return refuse(answer, "400 Bad Request",
                      "/blast?count=N&size=S: S is above --max-message");
    }
    return accept_upgrade(upgrade, answer);
}

enum upgrade_answer
upgrade_read(struct peer *peer, const uint8_t *bytes, size_t size, size_t *used,
             struct bytes *answer)
{
    static const http_parser_settings calls = {
        .on_url = on_url,
        .on_header_field = on_name,
        .on_header_value = on_value,
        .on_headers_complete = on_headers,
    };
    struct upgrade *upgrade = peer->upgrade;

    *used = http_parser_execute(&upgrade->parser, &calls, (const char *)bytes,
                                size);
    upgrade->read += *used;
    if (upgrade->complete) {
        return judge(peer, upgrade, answer);
    }
    if (HTTP_PARSER_ERRNO(&upgrade->parser) != HPE_OK) {
        return refuse(answer, "400 Bad Request", "this is not HTTP");
    }
    if (upgrade->read > SERVE_REQUEST_MAX) {
        return refuse(answer, "431 Request Header Fields Too Large",
                      "the request is too long");
    }
    return UPGRADE_MORE;
}
