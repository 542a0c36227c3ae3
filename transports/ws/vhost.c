// vhost.c - libwebsockets' settings for TLS and proxies, shared by the wires
// that want the same.
#include "vhost.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/sentence.h"
#include "tls.h"
#include "wire.h"

// Kept at rest, since reading the system's certificates takes milliseconds.
enum { IDLE_MAX = 4 };

struct hw_ws_vhost {
    struct hw_ws_vhost *next;
    struct lws_vhost *lws;
    unsigned holds;
    // libwebsockets keeps these pointers.
    char *key; // all that makes it what it is
    char name[32];
};

static const struct lws_protocols protocols[] = {
    { .name = "hawser",
      .callback = hw_ws_on_event,
      .rx_buffer_size = HW_WS_READ_SIZE,
      .tx_packet_size = HW_WS_BURST_SIZE },
    { .name = NULL },
};

// What the system is short of, it may have later.
static bool
is_shortage(int error)
{
    return error == ENOMEM || error == EMFILE || error == ENFILE ||
           error == EINTR || error == EIO;
}

// A file that changes is another file.
static hawser_status
stamp(const char *option, const char *path, char *to, size_t room,
      char *sentence, size_t size)
{
    struct stat about;

    to[0] = '\0';
    if (*path == '\0') {
        return HAWSER_OK;
    }
    if (stat(path, &about) != 0 || access(path, R_OK) != 0) {
        int error = errno;

        (void)snprintf(sentence, size, "%s: %s: %s", option, path,
                       strerror(error)); // may be cut
        return is_shortage(error) ? HAWSER_SYSTEM : HAWSER_INVALID;
    }
    (void)snprintf(to, room, "%lld.%09ld", (long long)about.st_mtim.tv_sec,
                   about.st_mtim.tv_nsec);
    return HAWSER_OK;
}

// What two wires must have in common to share a vhost, as one text.
static hawser_status
make_key(const struct hw_ws_vhost_want *want, char **result, char *sentence,
         size_t size)
{
    char ca[48] = "", cert[48] = "", key[48] = "", *text;
    hawser_status status = HAWSER_OK;
    size_t room;

    if (want->tls) {
        status = stamp("tls.ca", want->ca, ca, sizeof ca, sentence, size);
    }
    if (want->tls && status == HAWSER_OK) {
        status =
            stamp("tls.cert", want->cert, cert, sizeof cert, sentence, size);
    }
    if (want->tls && status == HAWSER_OK) {
        status = stamp("tls.key", want->key, key, sizeof key, sentence, size);
    }
    if (status != HAWSER_OK) {
        return status;
    }
    room = strlen(want->ca) + strlen(want->cert) + strlen(want->key) +
           strlen(want->address) + HW_WS_USER_MAX + 256;
    text = malloc(room);
    if (text == NULL) {
        return HAWSER_NO_MEMORY;
    }
    (void)snprintf(
        text, room, "%d\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%u\n%s", want->tls,
        want->tls ? want->ca : "", ca, want->tls ? want->cert : "", cert,
        want->tls ? want->key : "", key, want->proxy ? want->address : "",
        want->proxy ? (unsigned)want->proxy->port : 0,
        want->proxy ? want->proxy->user : "");
    *result = text;
    return HAWSER_OK;
}

static struct lws_vhost *
make_lws(struct hw_ws_site *site, const struct hw_ws_vhost *vhost,
         const struct hw_ws_vhost_want *want)
{
    struct lws_context_creation_info info = { .port = CONTEXT_PORT_NO_LISTEN,
                                              .protocols = protocols,
                                              .vhost_name = vhost->name };
    char proxy[HW_WS_USER_MAX + 128];

    // Its own limits stand aside: Hawser limits the time of the whole dial.
    info.timeout_secs = 7200;
    info.connect_timeout_secs = 7200;
    info.timeout_secs_ah_idle = 7200;
    info.keepalive_timeout = 7200;
    info.http_proxy_address = ":0"; // or it reads $http_proxy
    if (want->proxy != NULL) {
        (void)snprintf(proxy, sizeof proxy,
                       strchr(want->address, ':') ? "%s%s[%s]:%u" : "%s%s%s:%u",
                       want->proxy->user, want->proxy->user[0] ? "@" : "",
                       want->address, (unsigned)want->proxy->port);
        info.http_proxy_address = proxy;
    }
    if (want->tls) {
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        if (*want->ca != '\0') {
            info.client_ssl_ca_filepath = want->ca;
            info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
        }
        if (*want->cert != '\0') {
            info.client_ssl_cert_filepath = want->cert;
            info.client_ssl_private_key_filepath = want->key;
        }
    }
    return lws_create_vhost(site->context, &info);
}

static void
free_vhost(struct hw_ws_vhost *vhost)
{
    free(vhost->key);
    free(vhost);
}

// Ends those at rest beyond a few, the oldest first: they stand at the end.
static void
prune(struct hw_ws_site *site)
{
    struct hw_ws_vhost **at = &site->vhosts;
    unsigned idle = 0;

    while (*at != NULL) {
        struct hw_ws_vhost *vhost = *at;

        if (vhost->holds == 0 && ++idle > IDLE_MAX) {
            *at = vhost->next;
            lws_vhost_destroy(vhost->lws);
            free_vhost(vhost);
        } else {
            at = &vhost->next;
        }
    }
}

// libwebsockets goes on without the authorities that it can't read, and does
// not say why it can't go on without the rest.
static hawser_status
set_up(struct hw_ws_site *site, struct hw_ws_vhost *vhost,
       const struct hw_ws_vhost_want *want)
{
    hawser_status status = HAWSER_OK;

    if (want->tls && *want->ca != '\0') {
        status = hw_ws_tls_check_certificates(want->ca);
    }
    if (status != HAWSER_OK) {
        return status;
    }
    vhost->lws = make_lws(site, vhost, want);
    if (vhost->lws == NULL) {
        if (want->tls && *want->cert != '\0') {
            status = hw_ws_tls_check_key(want->cert, want->key);
        }
        return status == HAWSER_OK ? HAWSER_NO_MEMORY : status;
    }
    return HAWSER_OK;
}

// Takes the key in any case.
static hawser_status
make_vhost(struct hw_ws_site *site, const struct hw_ws_vhost_want *want,
           char *key, struct hw_ws_vhost **result)
{
    struct hw_ws_vhost *vhost = calloc(1, sizeof *vhost);
    hawser_status status;

    if (vhost == NULL) {
        free(key);
        return HAWSER_NO_MEMORY;
    }
    vhost->key = key;
    (void)snprintf(vhost->name, sizeof vhost->name, "hawser-%u",
                   ++site->vhosts_made);
    status = set_up(site, vhost, want);
    if (status != HAWSER_OK) {
        free_vhost(vhost);
        return status;
    }
    prune(site);
    vhost->next = site->vhosts;
    site->vhosts = vhost;
    *result = vhost;
    return HAWSER_OK;
}

hawser_status
hw_ws_vhost_hold(struct hw_ws_site *site, const struct hw_ws_vhost_want *want,
                 struct hw_ws_vhost **result, char *sentence, size_t size)
{
    struct hw_ws_vhost *vhost = site->vhosts;
    char *key;
    hawser_status status = make_key(want, &key, sentence, size);

    if (status != HAWSER_OK) {
        return status;
    }
    while (vhost != NULL && strcmp(vhost->key, key) != 0) {
        vhost = vhost->next;
    }
    if (vhost != NULL) {
        free(key);
    } else {
        status = make_vhost(site, want, key, &vhost);
    }
    if (status == HAWSER_INVALID) {
        hw_shared_refuse(sentence, size,
                         "TLS: could not be set up with tls.ca, tls.cert and "
                         "tls.key as they are");
    }
    if (status == HAWSER_OK) {
        vhost->holds++;
        *result = vhost;
    }
    return status;
}

void
hw_ws_vhost_drop(struct hw_ws_site *site, struct hw_ws_vhost *vhost)
{
    (void)site; // it rests, and is pruned when another is made
    vhost->holds--;
}

struct lws_vhost *
hw_ws_vhost_lws(const struct hw_ws_vhost *vhost)
{
    return vhost->lws;
}

void
hw_ws_vhosts_clear(struct hw_ws_site *site)
{
    while (site->vhosts != NULL) {
        struct hw_ws_vhost *vhost = site->vhosts;

        site->vhosts = vhost->next;
        free_vhost(vhost);
    }
}
