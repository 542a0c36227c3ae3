// tls.h - TLS as bytes in, bytes out: nothing here knows a socket.
#ifndef HW_STREAM_TLS_H
#define HW_STREAM_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include <hawser/transport.h>

struct hw_stream_tls;

// The client's half of a connection. name is asked for and checked, insecure:
// only asked for. NULL: out of memory.
struct hw_stream_tls *
hw_stream_tls_new(SSL_CTX *context, const char *name, bool insecure);

// NULL is allowed.
void
hw_stream_tls_free(struct hw_stream_tls *tls);

// Bytes that came from the peer. false: out of memory.
bool
hw_stream_tls_feed(struct hw_stream_tls *tls, const uint8_t *bytes,
                   size_t size);

// Bytes that are to be sent to the peer, valid until the next call; how many.
size_t
hw_stream_tls_pending(struct hw_stream_tls *tls, const uint8_t **bytes);

// They were taken.
void
hw_stream_tls_taken(struct hw_stream_tls *tls);

enum hw_stream_tls_answer {
    HW_STREAM_TLS_DONE,
    HW_STREAM_TLS_MORE,   // bytes of the peer are wanted
    HW_STREAM_TLS_ENDED,  // the peer said goodbye
    HW_STREAM_TLS_FAILED, // cause and sentence say why
};

struct hw_stream_tls_why {
    hawser_cause cause;
    char sentence[200];
};

enum hw_stream_tls_answer
hw_stream_tls_shake(struct hw_stream_tls *tls, struct hw_stream_tls_why *why);

// Decrypts up to room bytes; DONE: *size of them.
enum hw_stream_tls_answer
hw_stream_tls_read(struct hw_stream_tls *tls, uint8_t *to, size_t room,
                   size_t *size, struct hw_stream_tls_why *why);

// Encrypts all of it. false: that failed, and the connection is of no use.
bool
hw_stream_tls_write(struct hw_stream_tls *tls, const uint8_t *bytes,
                    size_t size);

// Says goodbye, in what is pending.
void
hw_stream_tls_leave(struct hw_stream_tls *tls);

#endif
