// serve_tls.h - the server's end of TLS: bytes in, bytes out.
#ifndef HAWSER_TOOL_SERVE_TLS_H
#define HAWSER_TOOL_SERVE_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

// What all peers have in common.
struct tls_site {
    SSL_CTX *context;
    BIO_METHOD *pipe;
};

// One peer's.
struct tls {
    SSL *ssl;
    const uint8_t *at; // what came and was not read; it is the caller's
    const uint8_t *end;
    struct bytes sealed; // to be written to the socket
    bool broken;         // nothing more can be said
    bool left;           // close_notify was said
};

enum tls_answer {
    TLS_MORE,   // all that came was read
    TLS_FULL,   // the room is full; there may be more
    TLS_ENDED,  // the peer said that it says no more
    TLS_FAILED, // what came is not TLS, or not for us
};

// With the certificate of a file, and its key, which may be NULL if it is in
// the same file; without cert, one is made on the spot. NULL after a sentence
// on stderr.
struct tls_site *
tls_site_open(const char *cert, const char *key);

void
tls_site_close(struct tls_site *site);

// NULL: there is no memory.
struct tls *
tls_new(const struct tls_site *site);

void
tls_free(struct tls *tls);

// Bytes came; they are read by tls_read, until it wants more, before the caller
// takes them away.
void
tls_feed(struct tls *tls, const uint8_t *bytes, size_t size);

// Goes on with the handshake, and opens what came into to; *size says how much,
// whatever the answer.
enum tls_answer
tls_read(struct tls *tls, uint8_t *to, size_t room, size_t *size);

// The handshake is over.
bool
tls_is_open(const struct tls *tls);

// Appends bytes to what is sealed; false if memory is short, or TLS broken.
bool
tls_seal(struct tls *tls, const void *bytes, size_t size);

// Appends a close_notify, once.
void
tls_leave(struct tls *tls);

// ---- serve_certificate.c ----

// Each gives the context a certificate and its key; false after a sentence on
// stderr.
bool
certificate_load(SSL_CTX *context, const char *cert, const char *key);

bool
certificate_make(SSL_CTX *context);

#endif
