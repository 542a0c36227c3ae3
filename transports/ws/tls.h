// tls.h - which certificates are trusted, and why a handshake failed.
#ifndef HW_WS_TLS_H
#define HW_WS_TLS_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "site.h"
#include "wire.h"

// OpenSSL thought a certificate good, or not. 0: so it is; 1: it is refused.
int
hw_ws_tls_judge(struct hw_ws_dialling *dialling, X509_STORE_CTX *store,
                bool good);

// Can certificates to trust be read from the file? INVALID, NO_MEMORY.
hawser_status
hw_ws_tls_check_certificates(const char *path);

// Can the certificate and its key be used? INVALID, NO_MEMORY.
hawser_status
hw_ws_tls_check_key(const char *cert, const char *key);

// Hears why handshakes fail.
void
hw_ws_tls_listen(SSL_CTX *context, struct hw_ws_site *site);

// Notes why the wire's handshake failed; error is the socket's. false: it was
// not TLS that failed.
bool
hw_ws_tls_note(struct hw_ws_wire *wire, int error);

#endif
