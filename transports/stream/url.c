// url.c - what a tcp://, tls:// or unix:// URL says.
#include "url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "shared/sentence.h"

static bool
check_bytes(const char *url, char *sentence, size_t size)
{
    for (; *url != '\0'; url++) {
        unsigned char c = (unsigned char)*url;

        if (c <= ' ' || c == 0x7f) {
            return hw_shared_refuse(sentence, size, "the URL contains %s",
                                    c == ' ' ? "a space"
                                             : "a control character");
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
take_host(struct hw_stream_url *parts, const char *from, size_t length,
          char *sentence, size_t size)
{
    struct in6_addr address;

    if (length == 0) {
        return hw_shared_refuse(sentence, size, "the URL has no host");
    }
    if (length > HW_STREAM_HOST_MAX) {
        return hw_shared_refuse(sentence, size,
                                "the URL's host is longer than %d characters",
                                HW_STREAM_HOST_MAX);
    }
    memcpy(parts->host, from, length);
    parts->host[length] = '\0';
    if (parts->v6) {
        return inet_pton(AF_INET6, parts->host, &address) == 1 ||
               hw_shared_refuse(sentence, size, "[%s] is no IPv6 address",
                                parts->host);
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_host_character(from[i])) {
            return hw_shared_refuse(sentence, size,
                                    "the URL's host contains a character that "
                                    "no host's name has");
        }
    }
    return true;
}

static bool
take_port(struct hw_stream_url *parts, const char *at, char *sentence,
          size_t size)
{
    unsigned value = 0;

    if (*at != ':') {
        return hw_shared_refuse(sentence, size,
                                "the URL has no port: write it as "
                                "tcp://HOST:PORT");
    }
    for (at++; *at >= '0' && *at <= '9' && value <= UINT16_MAX; at++) {
        value = value * 10 + (unsigned)(*at - '0');
    }
    if (*at == '/' || *at == '?' || *at == '#') {
        return hw_shared_refuse(sentence, size,
                                "behind the URL's port stands '%c': a stream "
                                "has no path",
                                *at);
    }
    if (*at != '\0' || value == 0 || value > UINT16_MAX) {
        return hw_shared_refuse(
            sentence, size, "the URL's port is not a number from 1 to 65535");
    }
    parts->port = (uint16_t)value;
    return true;
}

static bool
parse_authority(struct hw_stream_url *parts, const char *at, char *sentence,
                size_t size)
{
    size_t length;

    if (strchr(at, '@') != NULL) {
        return hw_shared_refuse(sentence, size,
                                "the URL contains a user name or password, "
                                "which a stream has no use for");
    }
    parts->v6 = *at == '[';
    at += parts->v6;
    length = strcspn(at, parts->v6 ? "]" : ":/?#");
    if (parts->v6 && at[length] == '\0') {
        return hw_shared_refuse(sentence, size,
                                "the URL's host lacks its closing ]");
    }
    if (!take_host(parts, at, length, sentence, size)) {
        return false;
    }
    return take_port(parts, at + length + parts->v6, sentence, size);
}

static bool
parse_path(struct hw_stream_url *parts, const char *at, char *sentence,
           size_t size)
{
    size_t length = strlen(at);

    if ((*at != '/' && *at != '@') || length == 1) {
        return hw_shared_refuse(sentence, size,
                                "write it as unix:///PATH, or as unix://@NAME "
                                "for an abstract name");
    }
    if (length > HW_STREAM_PATH_MAX) {
        return hw_shared_refuse(sentence, size,
                                "the socket's path is longer than %d bytes",
                                HW_STREAM_PATH_MAX);
    }
    memcpy(parts->path, at, length + 1);
    return true;
}

bool
hw_stream_url_parse(const char *url, struct hw_stream_url *parts,
                    char *sentence, size_t size)
{
    memset(parts, 0, sizeof *parts);
    if (!check_bytes(url, sentence, size)) {
        return false;
    }
    if (strncasecmp(url, "unix://", 7) == 0) {
        parts->scheme = HW_STREAM_UNIX;
        return parse_path(parts, url + 7, sentence, size);
    }
    if (strncasecmp(url, "tls://", 6) == 0) {
        parts->scheme = HW_STREAM_TLS;
    } else if (strncasecmp(url, "tcp://", 6) != 0) {
        return hw_shared_refuse(
            sentence, size,
            "the URL does not begin with tcp://, tls:// or unix://");
    }
    return parse_authority(parts, url + 6, sentence, size);
}
