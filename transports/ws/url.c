// url.c - what a ws:// or wss:// URL and a proxy's address say.
#include "url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/sentence.h"

// Only printable ASCII may stand in a URL; anything else must be escaped. It
// would break the request into lines otherwise.
static bool
check_bytes(const char *url, char *sentence, size_t size)
{
    size_t length = strlen(url);

    if (length == 0) {
        return hw_shared_refuse(sentence, size, "the URL is empty");
    }
    if (length > HW_WS_URL_MAX) {
        return hw_shared_refuse(
            sentence, size, "the URL is longer than %d bytes", HW_WS_URL_MAX);
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)url[i];

        if (c == ' ') {
            return hw_shared_refuse(sentence, size,
                                    "the URL contains a space (write %%20)");
        }
        if (c < ' ' || c == 0x7f) {
            return hw_shared_refuse(sentence, size,
                                    "the URL contains a control character");
        }
        if (c > 0x7f) {
            return hw_shared_refuse(
                sentence, size,
                "the URL contains a byte that is not ASCII: escape "
                "it, or write the host as xn--…");
        }
        if (c == '#') {
            return hw_shared_refuse(
                sentence, size,
                "the URL has a fragment (#…), which WebSocket does "
                "not allow");
        }
    }
    return true;
}

static bool
is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool
copy_host(const char *from, size_t size, char *host, char *sentence,
          size_t sentence_size)
{
    if (size == 0) {
        return hw_shared_refuse(sentence, sentence_size, "the URL has no host");
    }
    if (size > HW_WS_HOST_MAX) {
        return hw_shared_refuse(sentence, sentence_size,
                                "the URL's host is longer than %d characters",
                                HW_WS_HOST_MAX);
    }
    memcpy(host, from, size);
    host[size] = '\0';
    return true;
}

static bool
parse_bracketed(const char **at, const char *end, char *host, char *sentence,
                size_t size)
{
    const char *close = memchr(*at, ']', (size_t)(end - *at));
    struct in6_addr address;

    if (close == NULL) {
        return hw_shared_refuse(sentence, size,
                                "the URL's host lacks its closing ]");
    }
    if (!copy_host(*at + 1, (size_t)(close - *at - 1), host, sentence, size)) {
        return false;
    }
    if (inet_pton(AF_INET6, host, &address) != 1) {
        return hw_shared_refuse(sentence, size, "[%s] is no IPv6 address",
                                host);
    }
    *at = close + 1;
    return true;
}

static bool
parse_name(const char **at, const char *end, char *host, char *sentence,
           size_t size)
{
    const char *stop = *at;

    while (stop < end && *stop != ':') {
        if (!is_host_character(*stop)) {
            return hw_shared_refuse(
                sentence, size, "the URL's host contains the character '%c'",
                *stop);
        }
        stop++;
    }
    if (!copy_host(*at, (size_t)(stop - *at), host, sentence, size)) {
        return false;
    }
    *at = stop;
    return true;
}

// port keeps what it has where the URL names none.
static bool
parse_port(const char *at, const char *end, uint16_t *port, char *sentence,
           size_t size)
{
    unsigned value = 0;

    if (at == end) {
        return true;
    }
    if (*at != ':') {
        return hw_shared_refuse(sentence, size,
                                "after the URL's host stands '%c'", *at);
    }
    for (at++; at < end; at++) {
        if (*at < '0' || *at > '9' || value > 65535) {
            value = 0;
            break;
        }
        value = value * 10 + (unsigned)(*at - '0');
    }
    if (value == 0 || value > 65535) {
        return hw_shared_refuse(
            sentence, size, "the URL's port is not a number from 1 to 65535");
    }
    *port = (uint16_t)value;
    return true;
}

// HOST, HOST:PORT, [V6] or [V6]:PORT between at and end.
static bool
parse_authority(const char *at, const char *end, char *host, bool *v6,
                uint16_t *port, char *sentence, size_t size)
{
    *v6 = at < end && *at == '[';
    if (*v6 ? !parse_bracketed(&at, end, host, sentence, size)
            : !parse_name(&at, end, host, sentence, size)) {
        return false;
    }
    return parse_port(at, end, port, sentence, size);
}

bool
hw_ws_url_parse(const char *url, struct hw_ws_url *parts, char *sentence,
                size_t size)
{
    const char *at, *end;

    memset(parts, 0, sizeof *parts);
    if (!check_bytes(url, sentence, size)) {
        return false;
    }
    if (strncasecmp(url, "ws://", 5) == 0) {
        at = url + 5;
        parts->port = 80;
    } else if (strncasecmp(url, "wss://", 6) == 0) {
        at = url + 6;
        parts->port = 443;
        parts->tls = true;
    } else {
        return hw_shared_refuse(sentence, size,
                                "the URL does not begin with ws:// or wss://");
    }
    end = at + strcspn(at, "/?");
    if (memchr(at, '@', (size_t)(end - at)) != NULL) {
        return hw_shared_refuse(
            sentence, size,
            "the URL contains a user name or password: set the "
            "options auth.user and auth.password instead");
    }
    parts->target = end;
    if (!parse_authority(at, end, parts->host, &parts->v6, &parts->port,
                         sentence, size)) {
        return false;
    }
    // libwebsockets keeps no more of a name for TLS, and cuts it in silence.
    if (parts->tls && strlen(parts->host) > 127) {
        return hw_shared_refuse(
            sentence, size,
            "the URL's host is longer than 127 characters, which "
            "wss:// can't check");
    }
    return true;
}

static const char *
last_at_sign(const char *at, const char *end)
{
    while (end > at) {
        if (*--end == '@') {
            return end;
        }
    }
    return NULL;
}

bool
hw_ws_proxy_parse(const char *url, struct hw_ws_proxy *parts, char *sentence,
                  size_t size)
{
    const char *at, *end, *sign;
    char why[160];

    memset(parts, 0, sizeof *parts);
    if (!check_bytes(url, why, sizeof why)) {
        return hw_shared_refuse(sentence, size, "proxy: %s", why);
    }
    if (strncasecmp(url, "http://", 7) != 0) {
        return hw_shared_refuse(sentence, size,
                                "proxy: it does not begin with http://");
    }
    at = url + 7;
    end = at + strlen(at);
    if (end > at && end[-1] == '/') {
        end--;
    }
    sign = last_at_sign(at, end);
    if (sign != NULL) {
        if (sign - at > HW_WS_USER_MAX) {
            return hw_shared_refuse(
                sentence, size,
                "proxy: user and password are longer than %d bytes",
                HW_WS_USER_MAX);
        }
        memcpy(parts->user, at, (size_t)(sign - at));
        at = sign + 1;
    }
    if (!parse_authority(at, end, parts->host, &parts->v6, &parts->port, why,
                         sizeof why)) {
        return hw_shared_refuse(sentence, size, "proxy: %s", why);
    }
    if (parts->port == 0) {
        return hw_shared_refuse(sentence, size, "proxy: it names no port");
    }
    return true;
}
