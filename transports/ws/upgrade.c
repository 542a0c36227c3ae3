// upgrade.c - the HTTP request that asks for WebSocket, and what answers mean.
#include "upgrade.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "shared/sentence.h"

// ---- text that grows up to a limit ----

struct text {
    char *bytes; // HW_WS_REQUEST_MAX of them
    size_t size;
    bool full;
    bool starved; // there was no memory
};

static void
add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct text *text, const char *format, ...)
{
    size_t room = HW_WS_REQUEST_MAX - text->size;
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(text->bytes + text->size, room, format, list);
    va_end(list);
    if (n < 0 || (size_t)n >= room) {
        text->full = true;
    } else {
        text->size += (size_t)n;
    }
}

// ---- headers ----

// RFC 9110 section 5.6.2.
static bool
is_token(const char *at, size_t size)
{
    if (size == 0) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char c = at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      (c >= '0' && c <= '9');

        if (!letter && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return true;
}

// Bytes above 0x7f have always been let through in values.
static bool
is_value(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)at[i];

        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool
is_ours(const char *name, size_t size)
{
    static const char *const ours[] = { "Host", "Upgrade", "Connection",
                                        "Content-Length", "Transfer-Encoding" };

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (strlen(ours[i]) == size && strncasecmp(name, ours[i], size) == 0) {
            return true;
        }
    }
    return size >= 14 && strncasecmp(name, "Sec-WebSocket-", 14) == 0;
}

static bool
check_header(const char *what, const char *line, size_t size, char *sentence,
             size_t sentence_size)
{
    const char *colon = memchr(line, ':', size);
    size_t name = colon == NULL ? 0 : (size_t)(colon - line);

    if (colon == NULL || !is_token(line, name)) {
        return hw_shared_refuse(sentence, sentence_size,
                                "%s: \"%.*s\" is not \"Name: value\"", what,
                                (int)(size < 60 ? size : 60), line);
    }
    if (!is_value(colon + 1, size - name - 1)) {
        return hw_shared_refuse(
            sentence, sentence_size,
            "%s: the value of %.*s contains a control character", what,
            (int)(name < 60 ? name : 60), line);
    }
    if (is_ours(line, name)) {
        return hw_shared_refuse(sentence, sentence_size,
                                "%s: the header %.*s is Hawser's own", what,
                                (int)name, line);
    }
    return true;
}

bool
hw_ws_headers_check(const char *what, const char *lines, char *sentence,
                    size_t sentence_size)
{
    while (*lines != '\0') {
        size_t size = strcspn(lines, "\n");

        if (size > 0 &&
            !check_header(what, lines, size, sentence, sentence_size)) {
            return false;
        }
        lines += size + (lines[size] == '\n');
    }
    return true;
}

// Is a header with the name of this line among lines?
static bool
is_among(const char *line, const char *lines)
{
    size_t name = strcspn(line, ":");

    while (*lines != '\0') {
        size_t size = strcspn(lines, "\n");

        if (size > name && lines[name] == ':' &&
            strncasecmp(line, lines, name) == 0) {
            return true;
        }
        lines += size + (lines[size] == '\n');
    }
    return false;
}

static void
add_headers(struct text *text, const char *lines, const char *stronger)
{
    while (*lines != '\0') {
        size_t size = strcspn(lines, "\n");

        if (size > 0 && !is_among(lines, stronger)) {
            add(text, "%.*s\r\n", (int)size, lines);
        }
        lines += size + (lines[size] == '\n');
    }
}

// ---- options ----

static bool
check_protocols(const char *list, char *sentence, size_t size)
{
    while (*list != '\0') {
        size_t n;

        list += strspn(list, " \t");
        n = strcspn(list, ", \t");
        if (!is_token(list, n)) {
            return hw_shared_refuse(
                sentence, size,
                "ws.protocol: not a list of names with commas "
                "between them");
        }
        list += n;
        list += strspn(list, " \t");
        if (*list == ',') {
            list++;
        } else if (*list != '\0') {
            return hw_shared_refuse(
                sentence, size,
                "ws.protocol: a comma is missing between two names");
        }
    }
    return true;
}

bool
hw_ws_upgrade_check(const hawser_settings *settings, char *sentence,
                    size_t size)
{
    const char *origin = hawser_setting_text(settings, "ws.origin");
    const char *user = hawser_setting_text(settings, "auth.user");
    const char *password = hawser_setting_text(settings, "auth.password");

    if (!hw_ws_headers_check("ws.header",
                             hawser_setting_text(settings, "ws.header"),
                             sentence, size) ||
        !check_protocols(hawser_setting_text(settings, "ws.protocol"), sentence,
                         size)) {
        return false;
    }
    if (!is_value(origin, strlen(origin))) {
        return hw_shared_refuse(sentence, size,
                                "ws.origin: it contains a control character");
    }
    // RFC 7617 section 2.
    if (strchr(user, ':') != NULL) {
        return hw_shared_refuse(sentence, size,
                                "auth.user: a user name can't contain a colon");
    }
    if (*user == '\0' && *password != '\0') {
        return hw_shared_refuse(sentence, size,
                                "auth.password is set, but auth.user is not");
    }
    return true;
}

// ---- the request ----

static void
fill_random(unsigned char *to, size_t size)
{
    while (getrandom(to, size, 0) != (ssize_t)size) {
        // only EINTR can come, for so few bytes
    }
}

void
hw_ws_key_make(char key[static HW_WS_KEY_SIZE])
{
    unsigned char nonce[16];

    fill_random(nonce, sizeof nonce);
    (void)EVP_EncodeBlock((unsigned char *)key, nonce, sizeof nonce);
}

// RFC 6455 section 4.2.2, step 5.4.
void
hw_ws_accept_make(const char *key, char accept[static HW_WS_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[EVP_MAX_MD_SIZE];
    char both[HW_WS_KEY_SIZE + sizeof guid];
    unsigned size = 0;
    int n = snprintf(both, sizeof both, "%s%s", key, guid);

    accept[0] = '\0';
    // Without SHA-1, in some OpenSSL that bans it, no accept can match.
    if (EVP_Digest(both, (size_t)n, digest, &size, EVP_sha1(), NULL) == 1 &&
        size == 20) {
        (void)EVP_EncodeBlock((unsigned char *)accept, digest, (int)size);
    }
}

static void
add_host(struct text *text, const struct hw_ws_url *url)
{
    const char *open = url->v6 ? "[" : "", *close = url->v6 ? "]" : "";

    if (url->port == (url->tls ? 443 : 80)) {
        add(text, "Host: %s%s%s\r\n", open, url->host, close);
    } else {
        add(text, "Host: %s%s%s:%u\r\n", open, url->host, close,
            (unsigned)url->port);
    }
}

static void
add_authorization(struct text *text, const hawser_settings *settings)
{
    const char *user = hawser_setting_text(settings, "auth.user");
    const char *password = hawser_setting_text(settings, "auth.password");
    size_t name = strlen(user), size = name + 1 + strlen(password);
    char *plain, *coded;

    if (size > HW_WS_REQUEST_MAX) {
        text->full = true;
        return;
    }
    plain = malloc(size);
    coded = malloc(4 * (size / 3 + 1) + 1);
    if (plain == NULL || coded == NULL) {
        text->starved = true;
    } else {
        memcpy(plain, user, name);
        plain[name] = ':';
        memcpy(plain + name + 1, password, size - name - 1);
        (void)EVP_EncodeBlock((unsigned char *)coded, (unsigned char *)plain,
                              (int)size);
        add(text, "Authorization: Basic %s\r\n", coded);
    }
    free(plain);
    free(coded);
}

static void
add_all(struct text *text, const struct hw_ws_url *url, const char *key,
        const hawser_settings *settings, const char *headers)
{
    const char *lines = hawser_setting_text(settings, "ws.header");
    const char *origin = hawser_setting_text(settings, "ws.origin");
    const char *protocol = hawser_setting_text(settings, "ws.protocol");
    const char *user = hawser_setting_text(settings, "auth.user");

    add(text, "GET %s%s HTTP/1.1\r\n", *url->target == '/' ? "" : "/",
        url->target);
    add_host(text, url);
    add(text,
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n",
        key);
    if (*protocol != '\0') {
        add(text, "Sec-WebSocket-Protocol: %s\r\n", protocol);
    }
    if (*origin != '\0' && !is_among("Origin:", headers)) {
        add(text, "Origin: %s\r\n", origin);
    }
    if (*user != '\0' && !is_among("Authorization:", headers)) {
        add_authorization(text, settings);
    }
    add_headers(text, lines, headers);
    add_headers(text, headers, "");
}

char *
hw_ws_request_make(const struct hw_ws_url *url, const char *key,
                   const hawser_settings *settings, const char *headers,
                   char *sentence, size_t sentence_size)
{
    struct text text = { .bytes = malloc(HW_WS_REQUEST_MAX) };
    char *cut;

    sentence[0] = '\0';
    if (text.bytes == NULL) {
        return NULL;
    }
    add_all(&text, url, key, settings, headers);
    if (text.starved) {
        free(text.bytes);
        return NULL;
    }
    if (text.full) {
        hw_shared_refuse(sentence, sentence_size,
                         "the request's headers are longer than %d bytes",
                         HW_WS_REQUEST_MAX);
        free(text.bytes);
        return NULL;
    }
    cut = realloc(text.bytes, text.size + 1);
    return cut == NULL ? text.bytes : cut;
}

// ---- the answer ----

// Is word an element of a list with commas, whatever its case?
static bool
lists(const char *list, const char *word, size_t size, bool any_case)
{
    while (*list != '\0') {
        size_t n, end;

        list += strspn(list, ", \t");
        n = strcspn(list, ",");
        for (end = n; end > 0 && strchr(" \t", list[end - 1]) != NULL; end--) {
        }
        if (end == size && size > 0 &&
            (any_case ? strncasecmp(list, word, size)
                      : strncmp(list, word, size)) == 0) {
            return true;
        }
        list += n;
    }
    return false;
}

bool
hw_ws_answer_check(const struct hw_ws_answer *answer, const char *key,
                   const char *offered, char *sentence, size_t size)
{
    char accept[HW_WS_ACCEPT_SIZE];

    hw_ws_accept_make(key, accept);
    if (strcasecmp(answer->upgrade, "websocket") != 0 ||
        !lists(answer->connection, "upgrade", 7, true)) {
        return hw_shared_refuse(
            sentence, size,
            "the server answered 101, but not with \"Upgrade: "
            "websocket\" and \"Connection: Upgrade\"");
    }
    if (accept[0] == '\0' || strcmp(answer->accept, accept) != 0) {
        return hw_shared_refuse(
            sentence, size,
            answer->accept[0] == '\0'
                ? "the server sent no Sec-WebSocket-Accept"
                : "the server sent a wrong Sec-WebSocket-Accept");
    }
    if (answer->protocol[0] != '\0' &&
        !lists(offered, answer->protocol, strlen(answer->protocol), false)) {
        return hw_shared_refuse(
            sentence, size,
            "the server chose the subprotocol \"%.60s\", which was "
            "not offered",
            answer->protocol);
    }
    if (answer->extensions[0] != '\0') {
        return hw_shared_refuse(
            sentence, size,
            "the server chose the extension \"%.60s\", which was not "
            "offered",
            answer->extensions);
    }
    if (answer->has_body) {
        return hw_shared_refuse(sentence, size,
                                "the server announced a body after its 101");
    }
    return true;
}

// ---- Retry-After ----

static int
cap_ms(int64_t seconds)
{
    if (seconds < 0) {
        return 0; // a date that is past: at once
    }
    // A day: no server is obeyed for longer.
    return (int)(seconds > 86400 ? 86400 : seconds) * 1000;
}

// Days since 1970-01-01 in the Gregorian calendar (Howard Hinnant's algorithm,
// days_from_civil).
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t era, of_era, of_year;

    year -= month <= 2;
    era = year / 400;
    of_era = year - era * 400;
    of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           719468;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"; the two obsolete forms are no longer sent.
static bool
parse_date(const char *value, int64_t *when)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, year, hour, minute, second, end = 0;
    char name[4], zone[4];
    const char *month;

    if (sscanf(value, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3[A-Z]%n",
               &day, name, &year, &hour, &minute, &second, zone, &end) != 7 ||
        value[end] != '\0' || strcmp(zone, "GMT") != 0 || strlen(name) != 3) {
        return false;
    }
    month = strstr(months, name);
    if (month == NULL || (month - months) % 3 != 0 || day < 1 || day > 31 ||
        year < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60) {
        return false;
    }
    *when = days_of(year, (month - months) / 3 + 1, day) * 86400 + hour * 3600 +
            minute * 60 + second;
    return true;
}

int
hw_ws_retry_after_ms(const char *value, int64_t now)
{
    size_t digits = strspn(value, "0123456789");
    int64_t when;

    if (digits > 0 && value[digits] == '\0') {
        return cap_ms(digits > 9 ? 86400 : strtol(value, NULL, 10));
    }
    return parse_date(value, &when) ? cap_ms(when - now) : -1;
}
