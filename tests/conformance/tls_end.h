// tls_end.h - the server's end of TLS between bytes and bytes; its certificate
// is made on the spot, and signed by nobody.
#ifndef HAWSER_CONFORMANCE_TLS_END_H
#define HAWSER_CONFORMANCE_TLS_END_H

#include <stddef.h>

struct tls_end;

struct tls_end *
tls_end_open(void);

// NULL is allowed.
void
tls_end_close(struct tls_end *end);

// Bytes that came from the other end, as they are on the wire.
void
tls_end_feed(struct tls_end *end, const void *bytes, size_t size);

// What of it can be read by now; 0: nothing yet.
size_t
tls_end_read(struct tls_end *end, void *bytes, size_t size);

// Bytes for the other end, once the handshake is over.
void
tls_end_write(struct tls_end *end, const void *bytes, size_t size);

// What is to go to the wire by now; 0: nothing.
size_t
tls_end_take(struct tls_end *end, void *bytes, size_t size);

#endif
