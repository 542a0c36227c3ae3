// link_flags.c - the flags of every command that opens a link.
#include "link_flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLAG_JSON = 512,
    FLAG_PROTOCOL,
    FLAG_ORIGIN,
    FLAG_BASIC_AUTH,
    FLAG_PROXY,
    FLAG_CACERT,
    FLAG_CERT,
    FLAG_KEY,
    FLAG_PING_INTERVAL,
    FLAG_PING_TIMEOUT,
};

const struct flag link_flag_list[] = {
    { 'o', "option", "NAME=VALUE",
      "set any option; \"hawser options\" lists them" },
    { 'H', "header", "'NAME: VALUE'", "one more header for the upgrade" },
    { 'k', "insecure", NULL, "accept any certificate" },
    { 'v', "verbose", NULL, "tell every step; -vv: the library's log too" },
    { 'q', "quiet", NULL, "tell nothing but why it failed" },
    { FLAG_JSON, "json", NULL, "write for machines: one JSON object a line" },
    { FLAG_PROTOCOL, "protocol", "NAME",
      "subprotocols to offer, separated by commas" },
    { FLAG_ORIGIN, "origin", "URL", "Origin header" },
    { FLAG_BASIC_AUTH, "basic-auth", "USER:PASSWORD",
      "who you are; better in HAWSER_BASIC_AUTH, which no one else sees" },
    { FLAG_PROXY, "proxy", "URL", "HTTP CONNECT proxy" },
    { FLAG_CACERT, "cacert", "FILE", "authorities to trust (PEM)" },
    { FLAG_CERT, "cert", "FILE", "client certificate (PEM)" },
    { FLAG_KEY, "key", "FILE", "its private key (PEM)" },
    { FLAG_PING_INTERVAL, "ping-interval", "TIME",
      "how often the peer is asked whether it lives" },
    { FLAG_PING_TIMEOUT, "ping-timeout", "TIME",
      "time without an answer after which it is lost" },
    { 0, NULL, NULL, NULL },
};

// Flags that are another name for an option.
static const struct {
    int id;
    const char *option;
} aliases[] = {
    { 'H', "ws.header" },
    { FLAG_PROTOCOL, "ws.protocol" },
    { FLAG_ORIGIN, "ws.origin" },
    { FLAG_PROXY, "proxy" },
    { FLAG_CACERT, "tls.ca" },
    { FLAG_CERT, "tls.cert" },
    { FLAG_KEY, "tls.key" },
    { FLAG_PING_INTERVAL, "heartbeat.interval" },
    { FLAG_PING_TIMEOUT, "heartbeat.timeout" },
};

static bool
set(struct link_flags *link, const struct flag_reader *flags, const char *name,
    const char *value)
{
    hawser_status status = hawser_options_set(link->options, name, value);

    if (status == HAWSER_OK) {
        return true;
    }
    if (status == HAWSER_UNKNOWN || status == HAWSER_INVALID) {
        (void)flags_refuse(flags, hawser_options_error(link->options));
    } else {
        (void)flags_refuse(flags, hawser_status_text(status));
    }
    return false;
}

static bool
set_pair(struct link_flags *link, const struct flag_reader *flags)
{
    char name[64];
    size_t size = strcspn(flags->value, "=");

    if (flags->value[size] != '=' || size >= sizeof name) {
        (void)flags_refuse(flags, "-o takes NAME=VALUE"); // says it
        return false;
    }
    memcpy(name, flags->value, size);
    name[size] = '\0';
    return set(link, flags, name, flags->value + size + 1);
}

static bool
set_user(struct link_flags *link, const struct flag_reader *flags,
         const char *both, const char *why)
{
    char user[256];
    size_t size = strcspn(both, ":");

    if (both[size] != ':' || size >= sizeof user) {
        (void)flags_refuse(flags, why); // says it
        return false;
    }
    memcpy(user, both, size);
    user[size] = '\0';
    return set(link, flags, "auth.user", user) &&
           set(link, flags, "auth.password", both + size + 1);
}

void
link_flags_set(struct link_flags *link, const char *name, const char *value)
{
    // Defaults of ours are valid; without memory the option keeps its own.
    (void)hawser_options_set(link->options, name, value);
}

bool
link_flags_open(struct link_flags *link, const struct command *command)
{
    const char *user = getenv("HAWSER_BASIC_AUTH");
    struct flag_reader none = { .command = command };

    *link = (struct link_flags){ .loudness = 1 };
    if (hawser_options_new(&link->options) != HAWSER_OK) {
        (void)fprintf(stderr, "hawser: out of memory\n");
        return false;
    }
    if (user != NULL && *user != '\0' &&
        !set_user(link, &none, user, "HAWSER_BASIC_AUTH is no USER:PASSWORD")) {
        link_flags_close(link);
        return false;
    }
    return true;
}

void
link_flags_close(struct link_flags *link)
{
    hawser_options_free(link->options);
    link->options = NULL;
}

static bool
set_alias(struct link_flags *link, const struct flag_reader *flags, int id,
          bool *known)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (aliases[i].id == id) {
            *known = true;
            return set(link, flags, aliases[i].option, flags->value);
        }
    }
    *known = false;
    return true;
}

int
link_flags_take(struct link_flags *link, const struct flag_reader *flags,
                int id)
{
    bool known = true;
    bool ok = true;

    switch (id) {
    case 'o':
        ok = set_pair(link, flags);
        break;
    case 'k':
        ok = set(link, flags, "tls.insecure", "on");
        break;
    case 'v':
        link->loudness = link->loudness < 2 ? 2 : 3;
        break;
    case 'q':
        link->loudness = 0;
        break;
    case FLAG_JSON:
        link->json = true;
        break;
    case FLAG_BASIC_AUTH:
        ok = set_user(link, flags, flags->value,
                      "--basic-auth takes USER:PASSWORD");
        break;
    default:
        ok = set_alias(link, flags, id, &known);
        break;
    }
    return !ok ? FLAG_WRONG : known ? id : FLAG_END;
}
