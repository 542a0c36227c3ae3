// tls_end.c - the server's end of TLS between bytes and bytes.
#include "tls_end.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct tls_end {
    SSL_CTX *context;
    SSL *ssl;
    BIO *from_wire;
    BIO *to_wire;
};

static void
must(bool done)
{
    if (!done) {
        ERR_print_errors_fp(stderr);
        abort();
    }
}

static void
certify(SSL_CTX *context)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *paper = X509_new();
    X509_NAME *name = X509_get_subject_name(paper);

    must(key != NULL && paper != NULL);
    must(X509_set_version(paper, X509_VERSION_3) == 1);
    must(ASN1_INTEGER_set(X509_get_serialNumber(paper), 1) == 1);
    must(X509_gmtime_adj(X509_getm_notBefore(paper), -3600) != NULL);
    must(X509_gmtime_adj(X509_getm_notAfter(paper), 3600) != NULL);
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    (const unsigned char *)"127.0.0.1", -1, -1,
                                    0) == 1);
    must(X509_set_issuer_name(paper, name) == 1);
    must(X509_set_pubkey(paper, key) == 1);
    must(X509_sign(paper, key, EVP_sha256()) > 0);
    must(SSL_CTX_use_certificate(context, paper) == 1);
    must(SSL_CTX_use_PrivateKey(context, key) == 1);
    X509_free(paper);
    EVP_PKEY_free(key);
}

struct tls_end *
tls_end_open(void)
{
    struct tls_end *end = calloc(1, sizeof *end);

    must(end != NULL);
    end->context = SSL_CTX_new(TLS_server_method());
    must(end->context != NULL);
    certify(end->context);
    end->ssl = SSL_new(end->context);
    end->from_wire = BIO_new(BIO_s_mem());
    end->to_wire = BIO_new(BIO_s_mem());
    must(end->ssl != NULL && end->from_wire != NULL && end->to_wire != NULL);
    SSL_set_bio(end->ssl, end->from_wire, end->to_wire);
    SSL_set_accept_state(end->ssl);
    return end;
}

void
tls_end_close(struct tls_end *end)
{
    if (end != NULL) {
        SSL_free(end->ssl);
        SSL_CTX_free(end->context);
        free(end);
    }
}

void
tls_end_feed(struct tls_end *end, const void *bytes, size_t size)
{
    must(size <= INT_MAX &&
         BIO_write(end->from_wire, bytes, (int)size) == (int)size);
}

size_t
tls_end_read(struct tls_end *end, void *bytes, size_t size)
{
    size_t got = 0;

    ERR_clear_error();
    return SSL_read_ex(end->ssl, bytes, size, &got) == 1 ? got : 0;
}

void
tls_end_write(struct tls_end *end, const void *bytes, size_t size)
{
    size_t put = 0;

    ERR_clear_error();
    must(size == 0 ||
         (SSL_write_ex(end->ssl, bytes, size, &put) == 1 && put == size));
}

size_t
tls_end_take(struct tls_end *end, void *bytes, size_t size)
{
    int got =
        BIO_read(end->to_wire, bytes, size < INT_MAX ? (int)size : INT_MAX);

    return got > 0 ? (size_t)got : 0;
}
