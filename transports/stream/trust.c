// trust.c - which certificates are trusted, and which is our own.
#include "trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#include "shared/sentence.h"

// Kept, since reading the system's certificates takes milliseconds. Wires hold
// their own.
enum { KEPT_MAX = 4 };

struct hw_stream_trust {
    struct hw_stream_trust *next;
    SSL_CTX *context;
    char *key; // all that makes it what it is
};

// A file that changes is another file.
static bool
stamp(const char *option, const char *path, char *to, size_t room,
      char *sentence, size_t size)
{
    struct stat about;

    to[0] = '\0';
    if (*path == '\0') {
        return true;
    }
    if (stat(path, &about) != 0 || access(path, R_OK) != 0) {
        return hw_shared_refuse(sentence, size, "%s: %s: %s", option, path,
                                strerror(errno));
    }
    (void)snprintf(to, room, "%lld.%09ld", (long long)about.st_mtim.tv_sec,
                   about.st_mtim.tv_nsec);
    return true;
}

// What two wires must have in common to share a context, as one text.
static char *
make_key(const char *ca, const char *cert, const char *key, char *sentence,
         size_t size)
{
    char of_ca[48], of_cert[48], of_key[48];
    char *text = NULL;

    if (!stamp("tls.ca", ca, of_ca, sizeof of_ca, sentence, size) ||
        !stamp("tls.cert", cert, of_cert, sizeof of_cert, sentence, size) ||
        !stamp("tls.key", key, of_key, sizeof of_key, sentence, size)) {
        return NULL;
    }
    if (asprintf(&text, "%s\n%s\n%s\n%s\n%s\n%s", ca, of_ca, cert, of_cert, key,
                 of_key) < 0) {
        hw_shared_refuse(sentence, size, "out of memory");
        return NULL;
    }
    return text;
}

// A key that is locked would be asked for on the terminal.
static int
no_password(char *to, int size, int writing, void *user)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static bool
set_up(SSL_CTX *context, const char *ca, const char *cert, const char *key)
{
    int trusts = *ca != '\0' ? SSL_CTX_load_verify_file(context, ca)
                             : SSL_CTX_set_default_verify_paths(context);

    SSL_CTX_set_default_passwd_cb(context, no_password);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    return trusts == 1 &&
           SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           (*cert == '\0' ||
            (SSL_CTX_use_certificate_chain_file(context, cert) == 1 &&
             SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 &&
             SSL_CTX_check_private_key(context) == 1));
}

static SSL_CTX *
make_context(const char *ca, const char *cert, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context != NULL && !set_up(context, ca, cert, key)) {
        SSL_CTX_free(context);
        context = NULL;
    }
    ERR_clear_error(); // or it would be taken for that of a handshake
    return context;
}

static void
free_trust(struct hw_stream_trust *trust)
{
    SSL_CTX_free(trust->context); // NULL is allowed
    free(trust->key);
    free(trust);
}

static void
prune(struct hw_stream_site *site)
{
    struct hw_stream_trust **at = &site->trusts;

    for (unsigned i = 0; *at != NULL && i < KEPT_MAX; i++) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        free_trust(*at);
        *at = NULL;
    }
}

SSL_CTX *
hw_stream_trust_get(struct hw_stream_site *site,
                    const hawser_settings *settings, char *sentence,
                    size_t size)
{
    const char *ca = hawser_setting_text(settings, "tls.ca");
    const char *cert = hawser_setting_text(settings, "tls.cert");
    const char *key = hawser_setting_text(settings, "tls.key");
    char *text = make_key(ca, cert, key, sentence, size);
    struct hw_stream_trust *trust;

    if (text == NULL) {
        return NULL;
    }
    for (trust = site->trusts; trust != NULL; trust = trust->next) {
        if (strcmp(trust->key, text) == 0) {
            free(text);
            return trust->context;
        }
    }
    trust = calloc(1, sizeof *trust);
    if (trust == NULL) {
        free(text);
        hw_shared_refuse(sentence, size, "out of memory");
        return NULL;
    }
    trust->key = text;
    trust->context = make_context(ca, cert, key);
    if (trust->context == NULL) {
        free_trust(trust);
        hw_shared_refuse(sentence, size,
                         "TLS: could not be set up with tls.ca, tls.cert and "
                         "tls.key as they are");
        return NULL;
    }
    trust->next = site->trusts;
    site->trusts = trust;
    prune(site);
    return trust->context;
}

void
hw_stream_trusts_clear(struct hw_stream_site *site)
{
    while (site->trusts != NULL) {
        struct hw_stream_trust *trust = site->trusts;

        site->trusts = trust->next;
        free_trust(trust);
    }
}
