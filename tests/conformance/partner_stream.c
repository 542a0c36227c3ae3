// partner_stream.c - a server of one connection for tcp://, unix:// and tls://:
// messages behind a length of 32 bits.
//
// TLS is OpenSSL's between two memories, with a certificate made on the spot.
#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "partner.h"

enum { ROOM = 65536, HEAD = 4 };

union any_handle {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

struct partner {
    struct stage *stage;
    struct ear ear;
    union any_handle listener;
    union any_handle peer;
    bool is_unix;
    bool accepted;
    bool closing;
    bool deaf;
    bool leaving; // goodbye behind what waits
    unsigned handles;
    SSL *ssl; // NULL: without TLS
    BIO *in, *out;
    uint8_t *waiting; // said before anyone was there, or hands were shaken
    size_t waiting_size, waiting_room;
    uint8_t *heard;
    size_t heard_size, heard_room;
    char path[64];
    char room[ROOM];
};

struct block {
    uv_write_t write;
    struct partner *partner;
    char bytes[];
};

static void
must(bool kept)
{
    if (!kept) {
        abort();
    }
}

static struct ear *
ear(struct partner *partner)
{
    return &partner->ear;
}

// ---- a certificate ----

static SSL_CTX *
make_context(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    X509_NAME *name;

    must(key != NULL && certificate != NULL && context != NULL);
    name = X509_get_subject_name(certificate);
    must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -60) != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) != NULL &&
         X509_set_pubkey(certificate, key) == 1 &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    (const unsigned char *)"partner", -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 &&
         X509_sign(certificate, key, EVP_sha256()) > 0 &&
         SSL_CTX_use_certificate(context, certificate) == 1 &&
         SSL_CTX_use_PrivateKey(context, key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

static void
give_tls(struct partner *partner)
{
    SSL_CTX *context = make_context();

    partner->ssl = SSL_new(context);
    partner->in = BIO_new(BIO_s_mem());
    partner->out = BIO_new(BIO_s_mem());
    must(partner->ssl != NULL && partner->in != NULL && partner->out != NULL);
    SSL_set_bio(partner->ssl, partner->in, partner->out);
    SSL_set_accept_state(partner->ssl);
    SSL_CTX_free(context);
}

// ---- bytes out ----

static void
on_closed(uv_handle_t *handle)
{
    struct partner *partner = handle->data;

    if (--partner->handles == 0) {
        SSL_free(partner->ssl);
        free(partner->waiting);
        free(partner->heard);
        ear_clear(&partner->ear);
        free(partner);
    }
}

static void
close_peer(struct partner *partner)
{
    if (partner->accepted && !partner->closing) {
        partner->closing = true;
        uv_close(&partner->peer.handle, on_closed);
    }
}

static void
on_written(uv_write_t *write, int status)
{
    struct block *block = write->data;
    struct partner *partner = block->partner;

    free(block);
    if (status == 0 && partner->leaving && !partner->closing &&
        uv_stream_get_write_queue_size(&partner->peer.stream) == 0) {
        close_peer(partner);
    }
}

static void
write_bytes(struct partner *partner, const void *bytes, size_t size)
{
    struct block *block;
    uv_buf_t buffer;

    if (size == 0 || partner->closing) {
        return;
    }
    block = malloc(sizeof *block + size);
    if (block == NULL) {
        abort();
    }
    memcpy(block->bytes, bytes, size);
    block->write.data = block;
    block->partner = partner;
    buffer = uv_buf_init(block->bytes, (unsigned)size);
    if (uv_write(&block->write, &partner->peer.stream, &buffer, 1,
                 on_written) != 0) {
        free(block);
    }
}

static void
write_pending(struct partner *partner)
{
    char *bytes = NULL;
    long size = BIO_get_mem_data(partner->out, &bytes);

    if (size > 0) {
        write_bytes(partner, bytes, (size_t)size);
        (void)BIO_reset(partner->out);
    }
}

static bool
is_ready(const struct partner *partner)
{
    return partner->accepted &&
           (partner->ssl == NULL || SSL_is_init_finished(partner->ssl) == 1);
}

static void
leave(struct partner *partner)
{
    if (partner->ssl != NULL && !partner->closing) {
        (void)SSL_shutdown(partner->ssl); // the peer's half is not waited for
        write_pending(partner);
    }
    if (uv_stream_get_write_queue_size(&partner->peer.stream) == 0) {
        close_peer(partner);
    }
}

static void
put(struct partner *partner, const uint8_t *bytes, size_t size)
{
    size_t done = 0;

    if (!is_ready(partner)) {
        if (partner->waiting_room < partner->waiting_size + size) {
            partner->waiting_room = 2 * (partner->waiting_size + size);
            partner->waiting = realloc(partner->waiting, partner->waiting_room);
            must(partner->waiting != NULL);
        }
        memcpy(partner->waiting + partner->waiting_size, bytes, size);
        partner->waiting_size += size;
    } else if (partner->ssl == NULL) {
        write_bytes(partner, bytes, size);
    } else {
        must(SSL_write_ex(partner->ssl, bytes, size, &done) == 1);
        write_pending(partner);
    }
}

static void
put_waiting(struct partner *partner)
{
    uint8_t *bytes = partner->waiting;
    size_t size = partner->waiting_size;

    partner->waiting = NULL;
    partner->waiting_size = partner->waiting_room = 0;
    if (size > 0) {
        put(partner, bytes, size);
    }
    free(bytes);
    if (partner->leaving) {
        leave(partner);
    }
}

// ---- bytes in ----

static void
hear(struct partner *partner, const char *bytes, size_t size)
{
    size_t at = 0;

    if (partner->heard_room < partner->heard_size + size) {
        partner->heard_room = 2 * (partner->heard_size + size);
        partner->heard = realloc(partner->heard, partner->heard_room);
        must(partner->heard != NULL);
    }
    memcpy(partner->heard + partner->heard_size, bytes, size);
    partner->heard_size += size;
    while (partner->heard_size - at >= HEAD) {
        const uint8_t *head = partner->heard + at;
        size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
                        (size_t)head[2] << 8 | head[3];

        if (partner->heard_size - at - HEAD < length) {
            break;
        }
        ear_note(&partner->ear, HAWSER_BINARY, NULL, 0, head + HEAD, length);
        at += HEAD + length;
    }
    partner->heard_size -= at;
    memmove(partner->heard, partner->heard + at, partner->heard_size);
}

static void
hear_tls(struct partner *partner, const char *bytes, size_t size)
{
    static char plain[ROOM];
    size_t got = 0;
    bool was_ready = is_ready(partner);

    must(BIO_write(partner->in, bytes, (int)size) == (int)size);
    while (SSL_read_ex(partner->ssl, plain, sizeof plain, &got) == 1) {
        hear(partner, plain, got);
    }
    write_pending(partner);
    if (!was_ready && is_ready(partner)) {
        put_waiting(partner);
    }
}

static void
give_room(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    struct partner *partner = handle->data;

    (void)size; // what libuv suggests
    *buffer = uv_buf_init(partner->room, sizeof partner->room);
}

static void
on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct partner *partner = stream->data;

    if (size < 0) {
        partner->ear.gone = true;
        close_peer(partner);
    } else if (partner->ssl == NULL) {
        hear(partner, buffer->base, (size_t)size);
    } else {
        hear_tls(partner, buffer->base, (size_t)size);
    }
}

static void
init(struct partner *partner, union any_handle *any)
{
    uv_loop_t *loop = &partner->stage->loop;

    must((partner->is_unix ? uv_pipe_init(loop, &any->pipe, 0)
                           : uv_tcp_init(loop, &any->tcp)) == 0);
    any->handle.data = partner;
    partner->handles++;
}

static void
on_accept(uv_stream_t *listener, int status)
{
    struct partner *partner = listener->data;

    if (status != 0 || partner->accepted) {
        return;
    }
    init(partner, &partner->peer);
    partner->accepted = true;
    partner->ear.opened = true;
    must(uv_accept(listener, &partner->peer.stream) == 0 &&
         (partner->is_unix || uv_tcp_nodelay(&partner->peer.tcp, 1) == 0) &&
         uv_read_start(&partner->peer.stream, give_room, on_read) == 0);
    if (is_ready(partner)) {
        put_waiting(partner);
    }
}

// ---- opening ----

static struct partner *
open_any(struct stage *stage, bool is_unix)
{
    struct partner *partner = calloc(1, sizeof *partner);

    must(partner != NULL);
    partner->stage = stage;
    partner->is_unix = is_unix;
    init(partner, &partner->listener);
    return partner;
}

static void
begin_to_listen(struct partner *partner)
{
    must(uv_listen(&partner->listener.stream, 8, on_accept) == 0);
}

static struct partner *
open_inet(struct stage *stage, const char *scheme,
          char url[static PARTNER_URL_SIZE])
{
    struct partner *partner = open_any(stage, false);
    struct sockaddr_in address;
    int size = sizeof address;

    must(uv_ip4_addr("127.0.0.1", 0, &address) == 0 &&
         uv_tcp_bind(&partner->listener.tcp, (struct sockaddr *)&address, 0) ==
             0);
    begin_to_listen(partner);
    must(uv_tcp_getsockname(&partner->listener.tcp, (struct sockaddr *)&address,
                            &size) == 0);
    (void)snprintf(url, PARTNER_URL_SIZE, "%s://127.0.0.1:%u", scheme,
                   ntohs(address.sin_port)); // it fits
    return partner;
}

static struct partner *
open_tcp(struct stage *stage, const hawser_transport *honest,
         char url[static PARTNER_URL_SIZE])
{
    (void)honest; // it speaks for itself
    return open_inet(stage, "tcp", url);
}

static struct partner *
open_tls(struct stage *stage, const hawser_transport *honest,
         char url[static PARTNER_URL_SIZE])
{
    struct partner *partner = open_inet(stage, "tls", url);

    (void)honest; // it speaks for itself
    give_tls(partner);
    return partner;
}

static struct partner *
open_unix(struct stage *stage, const hawser_transport *honest,
          char url[static PARTNER_URL_SIZE])
{
    static unsigned made;
    struct partner *partner = open_any(stage, true);

    (void)honest; // it speaks for itself
    (void)snprintf(partner->path, sizeof partner->path,
                   "/tmp/hawser-partner-%ld-%u", (long)getpid(), made++);
    must(uv_pipe_bind(&partner->listener.pipe, partner->path) == 0);
    begin_to_listen(partner);
    (void)snprintf(url, PARTNER_URL_SIZE, "unix://%s", partner->path); // fits
    return partner;
}

// ---- what the suite has it do ----

static void
say(struct partner *partner, const hawser_message *message)
{
    uint32_t size = htonl(message->size);
    uint8_t *frame = malloc(HEAD + (size_t)message->size);

    must(frame != NULL);
    memcpy(frame, &size, HEAD);
    memcpy(frame + HEAD, message->bytes, message->size);
    put(partner, frame, HEAD + (size_t)message->size); // it is copied
    free(frame);
}

static size_t
unsaid(struct partner *partner)
{
    return partner->accepted
               ? uv_stream_get_write_queue_size(&partner->peer.stream)
               : 0;
}

static void
hear_or_not(struct partner *partner, bool on)
{
    if (!partner->accepted || partner->closing) {
        return;
    }
    if (on) {
        (void)uv_read_start(&partner->peer.stream, give_room, on_read);
    } else {
        (void)uv_read_stop(&partner->peer.stream); // it can't fail
    }
}

static void
goodbye(struct partner *partner, int code, const char *reason)
{
    (void)code; // a stream has no words for it
    (void)reason;
    partner->leaving = true;
    if (is_ready(partner)) {
        leave(partner);
    }
}

static void
cut(struct partner *partner)
{
    partner->closing = true;
    (void)uv_tcp_close_reset(&partner->peer.tcp, on_closed); // not closing yet
}

static void
close_partner(struct partner *partner)
{
    close_peer(partner);
    uv_close(&partner->listener.handle, on_closed); // removes the path
}

#define VERBS                                                                  \
    .ear = ear, .say = say, .unsaid = unsaid, .listen = hear_or_not,           \
    .goodbye = goodbye, .close = close_partner

const struct partner_kind partner_tcp = { .open = open_tcp, .cut = cut, VERBS };

const struct partner_kind partner_tls = { .open = open_tls, .cut = cut, VERBS };

// A Unix socket knows no reset.
const struct partner_kind partner_unix = { .open = open_unix, VERBS };
