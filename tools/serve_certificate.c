// serve_certificate.c - what the server shows of itself: from files, or made on
// the spot.
#include "serve_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { HOUR = 3600, YEAR = 365 * 24 * HOUR };

static bool
refuse(const char *flag, const char *file, const char *why)
{
    (void)fprintf(stderr, "hawser serve: %s %s: %s\n", flag, file, why);
    return false;
}

// Why the last call of OpenSSL took nothing from a file: a rule that was broken
// has a reason of its own; what can't be read has many that say little.
static const char *
why_not(const char *unreadable)
{
    unsigned long error = ERR_peek_last_error();
    bool is_rule =
        ERR_GET_LIB(error) == ERR_LIB_SSL && !ERR_COMMON_ERROR(error);
    const char *reason = ERR_reason_error_string(error);

    if (ERR_GET_LIB(error) == ERR_LIB_PEM &&
        ERR_GET_REASON(error) == PEM_R_BAD_PASSWORD_READ) {
        return "the key is locked with a password";
    }
    return is_rule && reason != NULL ? reason : unreadable;
}

// A key that is locked would be asked for on the terminal.
static int
no_password(char *to, int size, int writing, void *user)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static bool
is_readable(const char *flag, const char *file)
{
    FILE *stream = fopen(file, "re");

    if (stream == NULL) {
        return refuse(flag, file, strerror(errno));
    }
    (void)fclose(stream); // nothing was written
    return true;
}

static EVP_PKEY *
read_key(const char *flag, const char *file, const char *unreadable)
{
    FILE *stream = fopen(file, "re");
    EVP_PKEY *key;

    if (stream == NULL) {
        (void)refuse(flag, file, strerror(errno)); // says it
        return NULL;
    }
    ERR_clear_error();
    key = PEM_read_PrivateKey(stream, NULL, no_password, NULL);
    (void)fclose(stream); // nothing was written
    if (key == NULL) {
        (void)refuse(flag, file, why_not(unreadable));
    }
    return key;
}

bool
certificate_load(SSL_CTX *context, const char *cert, const char *key)
{
    const char *flag = key != NULL ? "--key" : "--cert";
    const char *file = key != NULL ? key : cert;
    EVP_PKEY *pair;
    bool ok;

    if (!is_readable("--cert", cert)) {
        return false;
    }
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, cert) != 1) {
        return refuse("--cert", cert,
                      why_not("no certificate can be read from it"));
    }
    pair = read_key(flag, file,
                    key != NULL ? "no private key can be read from it"
                                : "no private key can be read from it, and "
                                  "--key names no other file");
    if (pair == NULL) {
        return false;
    }
    if (X509_check_private_key(SSL_CTX_get0_certificate(context), pair) != 1) {
        ok = refuse(flag, file, "the key does not fit the certificate");
    } else {
        ok = SSL_CTX_use_PrivateKey(context, pair) == 1 ||
             refuse(flag, file, why_not("the key can't be used"));
    }
    EVP_PKEY_free(pair);
    return ok;
}

// ---- made on the spot ----

static bool
add_names(X509 *paper)
{
    static const char names[] = "DNS:localhost,IP:127.0.0.1,IP:::1";
    X509_NAME *name = X509_get_subject_name(paper);
    X509_EXTENSION *other =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    bool ok = other != NULL && X509_add_ext(paper, other, -1) == 1 &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                         (const unsigned char *)"localhost", -1,
                                         -1, 0) == 1 &&
              X509_set_issuer_name(paper, name) == 1;

    X509_EXTENSION_free(other); // NULL is allowed
    return ok;
}

// Two servers of one name and number would be taken for each other.
static bool
add_number(X509 *paper)
{
    unsigned char random[7];
    uint64_t number = 0;

    if (RAND_bytes(random, sizeof random) != 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof random; i++) {
        number = number << 8 | random[i];
    }
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(paper), number) == 1;
}

static bool
fill(X509 *paper, EVP_PKEY *key)
{
    return X509_set_version(paper, X509_VERSION_3) == 1 && add_number(paper) &&
           X509_gmtime_adj(X509_getm_notBefore(paper), -HOUR) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(paper), YEAR) != NULL &&
           add_names(paper) && X509_set_pubkey(paper, key) == 1 &&
           X509_sign(paper, key, EVP_sha256()) > 0;
}

bool
certificate_make(SSL_CTX *context)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *paper = X509_new();
    bool ok = key != NULL && paper != NULL && fill(paper, key) &&
              SSL_CTX_use_certificate(context, paper) == 1 &&
              SSL_CTX_use_PrivateKey(context, key) == 1;

    if (!ok) {
        (void)fprintf(stderr, "hawser serve: a certificate can't be made\n");
    }
    X509_free(paper);
    EVP_PKEY_free(key);
    return ok;
}
