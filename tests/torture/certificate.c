// certificate.c - a certificate that signs itself, for a server and a client.
#include "certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static bool
add_name(X509 *x509, const char *name)
{
    char value[80];
    X509_EXTENSION *extension;
    bool added;

    (void)snprintf(value, sizeof value, "DNS:%s", name); // it fits
    extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
    added = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool
fill(X509 *x509, EVP_PKEY *key, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(x509);

    return X509_set_version(x509, 2) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(x509), -3600) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(x509), 86400) != NULL &&
           X509_set_pubkey(x509, key) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                      (const unsigned char *)name, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(x509, subject) == 1 && add_name(x509, name) &&
           X509_sign(x509, key, EVP_sha256()) > 0;
}

static bool
write_files(const struct certificate *certificate, X509 *x509, EVP_PKEY *key)
{
    FILE *cert = fopen(certificate->cert, "w");
    FILE *private_key = fopen(certificate->key, "w");
    bool written =
        cert != NULL && private_key != NULL &&
        PEM_write_X509(cert, x509) == 1 &&
        PEM_write_PrivateKey(private_key, key, NULL, NULL, 0, NULL, NULL) == 1;

    if (cert != NULL) {
        written = fclose(cert) == 0 && written;
    }
    if (private_key != NULL) {
        written = fclose(private_key) == 0 && written;
    }
    return written;
}

bool
certificate_make(struct certificate *certificate, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    bool made;

    (void)snprintf(certificate->folder, sizeof certificate->folder, "%s",
                   "/tmp/hawser-torture-XXXXXX"); // it fits
    made = mkdtemp(certificate->folder) != NULL;
    (void)snprintf(certificate->cert, sizeof certificate->cert, "%s/cert.pem",
                   certificate->folder); // it fits
    (void)snprintf(certificate->key, sizeof certificate->key, "%s/key.pem",
                   certificate->folder); // likewise
    made = made && key != NULL && x509 != NULL && fill(x509, key, name) &&
           write_files(certificate, x509, key);
    X509_free(x509);
    EVP_PKEY_free(key);
    return made;
}

void
certificate_remove(const struct certificate *certificate)
{
    (void)unlink(certificate->cert); // what is not there needs no removing
    (void)unlink(certificate->key);
    (void)rmdir(certificate->folder);
}
