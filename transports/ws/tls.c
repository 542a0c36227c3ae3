// tls.c - which certificates are trusted, and why a handshake failed.
#include "tls.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

// ---- certificates ----

static void
note_certificate(struct hw_ws_dialling *dialling, int error)
{
    char sentence[200];

    switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        (void)snprintf(sentence, sizeof sentence,
                       "TLS: self-signed certificate");
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        (void)snprintf(sentence, sizeof sentence,
                       "TLS: certificate is signed by an authority that is "
                       "not trusted");
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        (void)snprintf(sentence, sizeof sentence,
                       "TLS: certificate has expired");
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        (void)snprintf(sentence, sizeof sentence,
                       "TLS: certificate is not yet valid");
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        (void)snprintf(sentence, sizeof sentence,
                       "TLS: certificate is for another name than %.120s",
                       dialling->server_name);
        break;
    default:
        (void)snprintf(sentence, sizeof sentence, "TLS: %s",
                       X509_verify_cert_error_string(error));
        break;
    }
    hw_ws_note(dialling, HAWSER_CAUSE_TLS, sentence);
}

int
hw_ws_tls_judge(struct hw_ws_dialling *dialling, X509_STORE_CTX *store,
                bool good)
{
    X509 *leaf = X509_STORE_CTX_get_current_cert(store);

    if (dialling == NULL) {
        return 0;
    }
    if (dialling->insecure) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 0;
    }
    if (!good) {
        note_certificate(dialling, X509_STORE_CTX_get_error(store));
        return 0;
    }
    // libwebsockets cuts a name at its first colon.
    if (dialling->v6_name && X509_STORE_CTX_get_error_depth(store) == 0 &&
        X509_check_ip_asc(leaf, dialling->server_name, 0) != 1) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_IP_ADDRESS_MISMATCH);
        note_certificate(dialling, X509_V_ERR_IP_ADDRESS_MISMATCH);
        return 1;
    }
    return 0;
}

hawser_status
hw_ws_tls_check_certificates(const char *path)
{
    X509_STORE *store = X509_STORE_new();
    hawser_status status = HAWSER_OK;

    if (store == NULL) {
        status = HAWSER_NO_MEMORY;
    } else if (X509_STORE_load_file(store, path) != 1) {
        status = HAWSER_INVALID;
    }
    X509_STORE_free(store);
    ERR_clear_error(); // or it would be taken for that of a handshake
    return status;
}

hawser_status
hw_ws_tls_check_key(const char *cert, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    hawser_status status = HAWSER_OK;

    if (context == NULL) {
        status = HAWSER_NO_MEMORY;
    } else if (SSL_CTX_use_certificate_chain_file(context, cert) != 1 ||
               SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) !=
                   1) {
        status = HAWSER_INVALID;
    }
    SSL_CTX_free(context);
    ERR_clear_error(); // as above
    return status;
}

// ---- failed handshakes ----

// libwebsockets empties OpenSSL's list of errors before it tells that there is
// one, so that the last is kept here, when it comes about. A peer's alert has
// the number of a reason, less 1000: OpenSSL would list it just afterwards.
static void
on_info(const SSL *ssl, int where, int value)
{
    struct hw_ws_site *site = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    unsigned long error = 0;

    if (where == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL) {
        error = ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + (value & 0xff));
    } else if ((where & SSL_CB_EXIT) != 0 && value <= 0) {
        error = ERR_peek_last_error();
    }
    if (error != 0 && site != NULL) {
        site->tls_failed = ssl;
        site->tls_error = error;
    }
}

void
hw_ws_tls_listen(SSL_CTX *context, struct hw_ws_site *site)
{
    (void)SSL_CTX_set_app_data(context, site); // without it, no reason is told
    SSL_CTX_set_info_callback(context, on_info);
}

bool
hw_ws_tls_note(struct hw_ws_wire *wire, int error)
{
    struct hw_ws_site *site = wire->site;
    const char *reason = NULL;
    char sentence[200];

    if (site->tls_failed != NULL &&
        site->tls_failed == lws_get_ssl(wire->wsi)) {
        reason = ERR_reason_error_string(site->tls_error);
        site->tls_failed = NULL;
    }
    // After the request, only what TLS itself complains of is its fault.
    if (reason == NULL && wire->dialling->request == NULL) {
        return false;
    }
    if (reason == NULL) {
        reason =
            error != 0 ? strerror(error) : "the peer broke off the handshake";
    }
    (void)snprintf(sentence, sizeof sentence, "TLS: %.180s", reason);
    hw_ws_note(wire->dialling, HAWSER_CAUSE_TLS, sentence);
    return true;
}
