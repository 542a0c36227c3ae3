// tls.c - TLS as bytes in, bytes out: nothing here knows a socket.
#include "tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

struct hw_stream_tls {
    SSL *ssl;
    BIO *in, *out; // the SSL's own
    char name[256];
};

static bool
is_address(const char *name)
{
    struct in6_addr address;

    return inet_pton(AF_INET, name, &address) == 1 ||
           inet_pton(AF_INET6, name, &address) == 1;
}

static bool
ask_for(SSL *ssl, const char *name)
{
    return is_address(name)
               ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1
               : SSL_set_tlsext_host_name(ssl, name) == 1 &&
                     SSL_set1_host(ssl, name) == 1;
}

static bool
give_pipes(struct hw_stream_tls *tls)
{
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

    if (in == NULL || out == NULL) {
        BIO_free(in);
        BIO_free(out);
        return false;
    }
    tls->in = in;
    tls->out = out;
    SSL_set_bio(tls->ssl, in, out);
    return true;
}

struct hw_stream_tls *
hw_stream_tls_new(SSL_CTX *context, const char *name, bool insecure)
{
    struct hw_stream_tls *tls = calloc(1, sizeof *tls);

    if (tls == NULL) {
        return NULL;
    }
    (void)snprintf(tls->name, sizeof tls->name, "%s", name); // check measured
    tls->ssl = SSL_new(context);
    if (tls->ssl == NULL || !give_pipes(tls) || !ask_for(tls->ssl, name)) {
        hw_stream_tls_free(tls);
        ERR_clear_error(); // told as one: there was no memory
        return NULL;
    }
    SSL_set_verify(tls->ssl, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                   NULL);
    SSL_set_connect_state(tls->ssl);
    return tls;
}

void
hw_stream_tls_free(struct hw_stream_tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl); // NULL is allowed
        free(tls);
    }
}

bool
hw_stream_tls_feed(struct hw_stream_tls *tls, const uint8_t *bytes, size_t size)
{
    return BIO_write(tls->in, bytes, (int)size) == (int)size;
}

size_t
hw_stream_tls_pending(struct hw_stream_tls *tls, const uint8_t **bytes)
{
    char *from = NULL;
    long size = BIO_get_mem_data(tls->out, &from);

    *bytes = (const uint8_t *)from;
    return size < 0 ? 0 : (size_t)size;
}

void
hw_stream_tls_taken(struct hw_stream_tls *tls)
{
    (void)BIO_reset(tls->out); // of a memory: it can't fail
}

// ---- why it failed ----

static void
explain_certificate(const struct hw_stream_tls *tls, long error,
                    struct hw_stream_tls_why *why)
{
    const char *what = X509_verify_cert_error_string(error);

    switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        what = "self-signed certificate";
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        what = "certificate is signed by an authority that is not trusted";
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        what = "certificate has expired";
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        what = "certificate is not yet valid";
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        (void)snprintf(why->sentence, sizeof why->sentence,
                       "TLS: certificate is for another name than %.120s",
                       tls->name);
        return;
    default:
        break;
    }
    (void)snprintf(why->sentence, sizeof why->sentence, "TLS: %.180s", what);
}

// Once it is open, only what the peer complains of in an alert is about trust,
// such as a certificate of ours that it refuses; the rest is a broken stream.
static enum hw_stream_tls_answer
fail(struct hw_stream_tls *tls, struct hw_stream_tls_why *why)
{
    unsigned long error = ERR_peek_last_error();
    long verified = SSL_get_verify_result(tls->ssl);
    const char *reason = ERR_reason_error_string(error);
    bool opened = SSL_is_init_finished(tls->ssl) == 1;

    why->cause = opened && ERR_GET_REASON(error) < SSL_AD_REASON_OFFSET
                     ? HAWSER_CAUSE_PROTOCOL
                     : HAWSER_CAUSE_TLS;
    if (!opened && verified != X509_V_OK &&
        ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        explain_certificate(tls, verified, why);
    } else {
        (void)snprintf(why->sentence, sizeof why->sentence, "TLS: %.180s",
                       reason != NULL ? reason
                                      : "the peer broke off the handshake");
    }
    ERR_clear_error(); // it was told
    return HW_STREAM_TLS_FAILED;
}

static enum hw_stream_tls_answer
answer_to(struct hw_stream_tls *tls, int result, struct hw_stream_tls_why *why)
{
    if (result == 1) {
        return HW_STREAM_TLS_DONE;
    }
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return HW_STREAM_TLS_MORE;
    case SSL_ERROR_ZERO_RETURN:
        return HW_STREAM_TLS_ENDED;
    default:
        return fail(tls, why);
    }
}

enum hw_stream_tls_answer
hw_stream_tls_shake(struct hw_stream_tls *tls, struct hw_stream_tls_why *why)
{
    ERR_clear_error(); // SSL_get_error looks at the thread's whole list
    return answer_to(tls, SSL_do_handshake(tls->ssl), why);
}

enum hw_stream_tls_answer
hw_stream_tls_read(struct hw_stream_tls *tls, uint8_t *to, size_t room,
                   size_t *size, struct hw_stream_tls_why *why)
{
    ERR_clear_error();
    return answer_to(tls, SSL_read_ex(tls->ssl, to, room, size), why);
}

bool
hw_stream_tls_write(struct hw_stream_tls *tls, const uint8_t *bytes,
                    size_t size)
{
    size_t done = 0;

    ERR_clear_error();
    return size == 0 ||
           (SSL_write_ex(tls->ssl, bytes, size, &done) == 1 && done == size);
}

void
hw_stream_tls_leave(struct hw_stream_tls *tls)
{
    ERR_clear_error();
    (void)SSL_shutdown(tls->ssl); // one that can't be said is not waited for
}
