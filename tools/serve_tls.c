// serve_tls.c - the server's end of TLS: bytes in, bytes out.
#include "serve_tls.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- the pipe between OpenSSL and a peer's bytes ----

// OpenSSL keeps a record that is not complete itself, so that what came need
// not be copied, nor kept for each peer.
static int
take_in(BIO *bio, char *to, int room)
{
    struct tls *tls = BIO_get_data(bio);
    size_t there = (size_t)(tls->end - tls->at);
    int size = there < (size_t)room ? (int)there : room;

    BIO_clear_retry_flags(bio);
    if (size == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(to, tls->at, (size_t)size);
    tls->at += size;
    return size;
}

static int
put_out(BIO *bio, const char *bytes, int size)
{
    struct tls *tls = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    return bytes_add(&tls->sealed, bytes, (size_t)size) ? size : -1;
}

static long
control(BIO *bio, int wish, long number, void *more)
{
    (void)bio;
    (void)number;
    (void)more;
    return wish == BIO_CTRL_FLUSH; // of all that is asked, this must be granted
}

static BIO_METHOD *
make_pipe(void)
{
    int kind = BIO_get_new_index();
    BIO_METHOD *pipe =
        kind < 0 ? NULL : BIO_meth_new(kind | BIO_TYPE_SOURCE_SINK, "peer");

    if (pipe != NULL) {
        // Each only stores a pointer.
        (void)BIO_meth_set_read(pipe, take_in);
        (void)BIO_meth_set_write(pipe, put_out);
        (void)BIO_meth_set_ctrl(pipe, control);
    }
    return pipe;
}

// ---- what all peers share ----

static bool
set_up(SSL_CTX *context)
{
    // Tickets would be sent to peers that may never read them.
    (void)SSL_CTX_set_options(context,
                              SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return SSL_CTX_set_num_tickets(context, 0) == 1 &&
           SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
}

struct tls_site *
tls_site_open(const char *cert, const char *key)
{
    struct tls_site *site = calloc(1, sizeof *site);
    bool ok = false;

    if (site != NULL) {
        site->context = SSL_CTX_new(TLS_server_method());
        site->pipe = make_pipe();
        ok = site->context != NULL && site->pipe != NULL &&
             set_up(site->context);
    }
    if (!ok) {
        (void)fprintf(stderr, "hawser serve: TLS could not be set up\n");
    } else {
        ok = cert != NULL ? certificate_load(site->context, cert, key)
                          : certificate_make(site->context);
    }
    ERR_clear_error(); // it was told
    if (!ok) {
        tls_site_close(site);
        site = NULL;
    }
    return site;
}

void
tls_site_close(struct tls_site *site)
{
    if (site != NULL) {
        SSL_CTX_free(site->context); // NULL is allowed
        BIO_meth_free(site->pipe);   // likewise
        free(site);
    }
}

// ---- one peer ----

struct tls *
tls_new(const struct tls_site *site)
{
    struct tls *tls = calloc(1, sizeof *tls);
    BIO *bio = BIO_new(site->pipe);

    if (tls != NULL) {
        tls->ssl = SSL_new(site->context);
    }
    if (tls == NULL || tls->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        tls_free(tls);
        ERR_clear_error(); // there was no memory
        return NULL;
    }
    BIO_set_data(bio, tls);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_accept_state(tls->ssl);
    return tls;
}

void
tls_free(struct tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl); // NULL is allowed
        bytes_free(&tls->sealed);
        free(tls);
    }
}

void
tls_feed(struct tls *tls, const uint8_t *bytes, size_t size)
{
    tls->at = bytes;
    tls->end = bytes + size;
}

static enum tls_answer
why_not(struct tls *tls)
{
    switch (SSL_get_error(tls->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
        return TLS_MORE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        tls->broken = true;
        ERR_clear_error(); // a peer's mistakes are told to it alone
        return TLS_FAILED;
    }
}

enum tls_answer
tls_read(struct tls *tls, uint8_t *to, size_t room, size_t *size)
{
    *size = 0;
    while (*size < room) {
        size_t got = 0;

        ERR_clear_error(); // SSL_get_error looks at the thread's whole list
        if (SSL_read_ex(tls->ssl, to + *size, room - *size, &got) != 1) {
            return why_not(tls);
        }
        *size += got;
    }
    return TLS_FULL;
}

bool
tls_is_open(const struct tls *tls)
{
    return SSL_is_init_finished(tls->ssl) == 1;
}

bool
tls_seal(struct tls *tls, const void *bytes, size_t size)
{
    size_t done = 0;

    ERR_clear_error();
    return !tls->broken && SSL_write_ex(tls->ssl, bytes, size, &done) == 1 &&
           done == size;
}

void
tls_leave(struct tls *tls)
{
    if (!tls->broken && !tls->left) {
        ERR_clear_error();
        (void)SSL_shutdown(
            tls->ssl); // one that can't be said is not waited for
        ERR_clear_error();
    }
    tls->left = true;
}
