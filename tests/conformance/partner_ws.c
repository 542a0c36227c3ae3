// partner_ws.c - a WebSocket server of one connection, read by wslay, with or
// without TLS below it.
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "partner.h"
#include "tls_end.h"

enum { REQUEST_MAX = 8192, ROOM = 65536 };

static const char handshake_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

struct partner {
    struct stage *stage;
    struct ear ear;
    uv_tcp_t listener;
    uv_tcp_t tcp;
    bool accepted;
    bool upgraded;
    bool closing;
    unsigned handles;
    char request[REQUEST_MAX];
    size_t request_size;
    struct tls_end *tls; // NULL: without
    wslay_event_context_ptr frames;
    const uint8_t *in;
    size_t in_size;
    char room[ROOM];
};

// A block on its way out.
struct block {
    uv_write_t write;
    char bytes[];
};

static struct ear *
ear(struct partner *partner)
{
    return &partner->ear;
}

// ---- bytes ----

static void
on_written(uv_write_t *write, int status)
{
    (void)status; // a reset is seen by the reading half
    free(write->data);
}

static void
write_to_wire(struct partner *partner, const void *bytes, size_t size)
{
    struct block *block = malloc(sizeof *block + size);
    uv_buf_t buffer;

    if (block == NULL) {
        abort();
    }
    memcpy(block->bytes, bytes, size);
    block->write.data = block;
    buffer = uv_buf_init(block->bytes, (unsigned)size);
    if (uv_write(&block->write, (uv_stream_t *)&partner->tcp, &buffer, 1,
                 on_written) != 0) {
        free(block);
    }
}

static void
write_sealed(struct partner *partner)
{
    char bytes[ROOM];
    size_t size;

    while ((size = tls_end_take(partner->tls, bytes, sizeof bytes)) > 0) {
        write_to_wire(partner, bytes, size);
    }
}

static void
write_bytes(struct partner *partner, const void *bytes, size_t size)
{
    if (partner->tls == NULL) {
        write_to_wire(partner, bytes, size);
    } else {
        tls_end_write(partner->tls, bytes, size);
        write_sealed(partner);
    }
}

static ssize_t
feed(wslay_event_context_ptr frames, uint8_t *to, size_t room, int flags,
     void *user)
{
    struct partner *partner = user;
    size_t size = partner->in_size < room ? partner->in_size : room;

    (void)flags; // wslay sets none
    if (size == 0) {
        wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(to, partner->in, size);
    partner->in += size;
    partner->in_size -= size;
    return (ssize_t)size;
}

static ssize_t
collect(wslay_event_context_ptr frames, const uint8_t *from, size_t size,
        int flags, void *user)
{
    (void)frames; // nothing fails here
    (void)flags;  // more to come: libuv gathers
    write_bytes(user, from, size);
    return (ssize_t)size;
}

static void
on_message(wslay_event_context_ptr frames,
           const struct wslay_event_on_msg_recv_arg *message, void *user)
{
    struct partner *partner = user;
    struct ear *heard = &partner->ear;

    (void)frames; // it answers pings and goodbyes by itself
    if (message->opcode == WSLAY_CONNECTION_CLOSE) {
        heard->gone = true;
        heard->code = message->status_code;
        (void)snprintf(
            heard->reason, sizeof heard->reason, "%.*s",
            (int)(message->msg_length < 2 ? 0 : message->msg_length - 2),
            message->msg_length < 2 ? ""
                                    : (const char *)message->msg + 2); // cut
    } else if (!wslay_is_ctrl_frame(message->opcode)) {
        ear_note(heard,
                 message->opcode == WSLAY_TEXT_FRAME ? HAWSER_TEXT
                                                     : HAWSER_BINARY,
                 NULL, 0, message->msg, message->msg_length);
    }
}

static void
flush(struct partner *partner)
{
    if (partner->upgraded && !partner->closing) {
        (void)wslay_event_send(partner->frames); // what fails closes below
    }
}

// ---- the upgrade ----

static void
answer(struct partner *partner)
{
    static const char field[] = "\r\nsec-websocket-key:";
    const char *key = strcasestr(partner->request, field);
    char text[256];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char accept[64];
    unsigned size;

    if (key == NULL) {
        stage_fault(partner->stage, "the upgrade has no Sec-WebSocket-Key");
        return;
    }
    key += sizeof field - 1;
    key += strspn(key, " ");
    (void)snprintf(text, sizeof text, "%.*s%s", (int)strcspn(key, " \r"), key,
                   handshake_guid); // a key has 24 characters
    if (EVP_Digest(text, strlen(text), digest, &size, EVP_sha1(), NULL) != 1) {
        abort();
    }
    (void)EVP_EncodeBlock(accept, digest, (int)size); // it can't fail
    (void)snprintf(text, sizeof text,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                   (const char *)accept); // it fits
    partner->upgraded = true;
    partner->ear.opened = true;
    write_bytes(partner, text, strlen(text));
}

static void
read_request(struct partner *partner, const char *bytes, size_t size)
{
    if (partner->request_size + size >= sizeof partner->request) {
        stage_fault(partner->stage, "the upgrade has no end");
        return;
    }
    memcpy(partner->request + partner->request_size, bytes, size);
    partner->request_size += size;
    if (strstr(partner->request, "\r\n\r\n") != NULL) {
        answer(partner);
        flush(partner); // what was said before
    }
}

// ---- the connection ----

static void
on_closed(uv_handle_t *handle)
{
    struct partner *partner = handle->data;

    if (--partner->handles == 0) {
        wslay_event_context_free(partner->frames);
        tls_end_close(partner->tls);
        ear_clear(&partner->ear);
        free(partner);
    }
}

static void
close_tcp(struct partner *partner)
{
    if (partner->accepted && !uv_is_closing((uv_handle_t *)&partner->tcp)) {
        partner->closing = true;
        uv_close((uv_handle_t *)&partner->tcp, on_closed);
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
read_bytes(struct partner *partner, const char *bytes, size_t size)
{
    if (!partner->upgraded) {
        read_request(partner, bytes, size);
        return;
    }
    partner->in = (const uint8_t *)bytes;
    partner->in_size = size;
    if (wslay_event_recv(partner->frames) != 0) {
        stage_fault(partner->stage, "the partner can't read the frames");
    }
    flush(partner);
}

static void
read_sealed(struct partner *partner, const char *bytes, size_t size)
{
    char plain[ROOM];

    tls_end_feed(partner->tls, bytes, size);
    while ((size = tls_end_read(partner->tls, plain, sizeof plain)) > 0) {
        read_bytes(partner, plain, size);
    }
    write_sealed(partner); // the handshake's part
}

static void
on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct partner *partner = stream->data;

    if (size < 0) {
        partner->ear.gone = true;
        close_tcp(partner);
        return;
    }
    if (partner->tls == NULL) {
        read_bytes(partner, buffer->base, (size_t)size);
    } else {
        read_sealed(partner, buffer->base, (size_t)size);
    }
}

static void
on_accept(uv_stream_t *listener, int status)
{
    struct partner *partner = listener->data;

    if (status != 0 || partner->accepted) {
        return;
    }
    (void)uv_tcp_init(&partner->stage->loop, &partner->tcp); // can't fail
    partner->tcp.data = partner;
    partner->handles++;
    partner->accepted = true;
    if (uv_accept(listener, (uv_stream_t *)&partner->tcp) != 0 ||
        uv_tcp_nodelay(&partner->tcp, 1) != 0 ||
        uv_read_start((uv_stream_t *)&partner->tcp, give_room, on_read) != 0) {
        abort();
    }
}

static struct partner *
open_ws(struct stage *stage, const hawser_transport *honest,
        char url[static PARTNER_URL_SIZE])
{
    const struct wslay_event_callbacks callbacks = {
        .recv_callback = feed,
        .send_callback = collect,
        .on_msg_recv_callback = on_message,
    };
    struct partner *partner = calloc(1, sizeof *partner);
    struct sockaddr_in address;
    int size = sizeof address;

    (void)honest; // it speaks for itself
    if (partner == NULL || wslay_event_context_server_init(
                               &partner->frames, &callbacks, partner) != 0) {
        abort();
    }
    wslay_event_config_set_max_recv_msg_length(partner->frames, 1 << 30);
    partner->stage = stage;
    partner->handles = 1;
    if (uv_ip4_addr("127.0.0.1", 0, &address) != 0 ||
        uv_tcp_init(&stage->loop, &partner->listener) != 0 ||
        uv_tcp_bind(&partner->listener, (struct sockaddr *)&address, 0) != 0 ||
        uv_listen((uv_stream_t *)&partner->listener, 8, on_accept) != 0 ||
        uv_tcp_getsockname(&partner->listener, (struct sockaddr *)&address,
                           &size) != 0) {
        abort();
    }
    partner->listener.data = partner;
    (void)snprintf(url, PARTNER_URL_SIZE, "ws://127.0.0.1:%u/echo",
                   ntohs(address.sin_port)); // it fits
    return partner;
}

static struct partner *
open_wss(struct stage *stage, const hawser_transport *honest,
         char url[static PARTNER_URL_SIZE])
{
    struct partner *partner = open_ws(stage, honest, url);

    partner->tls = tls_end_open();
    memmove(url + 3, url + 2, strlen(url + 2) + 1); // it fits
    url[2] = 's';
    return partner;
}

// ---- what the suite has it do ----

static void
say(struct partner *partner, const hawser_message *message)
{
    const struct wslay_event_msg frame = {
        .opcode = message->kind == HAWSER_TEXT ? WSLAY_TEXT_FRAME
                                               : WSLAY_BINARY_FRAME,
        .msg = message->bytes,
        .msg_length = message->size,
    };

    if (wslay_event_queue_msg(partner->frames, &frame) != 0) {
        abort();
    }
    flush(partner);
}

static size_t
unsaid(struct partner *partner)
{
    return partner->accepted
               ? uv_stream_get_write_queue_size((uv_stream_t *)&partner->tcp)
               : 0;
}

static void
hear_or_not(struct partner *partner, bool on)
{
    if (!partner->accepted || partner->closing) {
        return;
    }
    if (on) {
        (void)uv_read_start((uv_stream_t *)&partner->tcp, give_room, on_read);
    } else {
        (void)uv_read_stop((uv_stream_t *)&partner->tcp); // it can't fail
    }
}

static void
goodbye(struct partner *partner, int code, const char *reason)
{
    if (wslay_event_queue_close(partner->frames, (uint16_t)code,
                                (const uint8_t *)reason, strlen(reason)) != 0) {
        abort();
    }
    flush(partner);
}

static void
cut(struct partner *partner)
{
    partner->closing = true;
    // A reset, if unread or unsent bytes are there or not.
    (void)uv_tcp_close_reset(&partner->tcp, on_closed); // it is not closing
}

static void
close_ws(struct partner *partner)
{
    close_tcp(partner);
    uv_close((uv_handle_t *)&partner->listener, on_closed);
}

const struct partner_kind partner_ws = {
    .open = open_ws,
    .ear = ear,
    .say = say,
    .unsaid = unsaid,
    .listen = hear_or_not,
    .goodbye = goodbye,
    .cut = cut,
    .close = close_ws,
};

const struct partner_kind partner_wss = {
    .open = open_wss,
    .ear = ear,
    .say = say,
    .unsaid = unsaid,
    .listen = hear_or_not,
    .goodbye = goodbye,
    .cut = cut,
    .close = close_ws,
};
