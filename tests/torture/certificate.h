// certificate.h - a certificate that signs itself, in files of its own.
#ifndef HAWSER_TESTS_TORTURE_CERTIFICATE_H
#define HAWSER_TESTS_TORTURE_CERTIFICATE_H

#include <stdbool.h>

struct certificate {
    char folder[64];
    char cert[80];
    char key[80];
};

// Makes it for a host of that name, in a new folder.
bool
certificate_make(struct certificate *certificate, const char *name);

void
certificate_remove(const struct certificate *certificate);

#endif
