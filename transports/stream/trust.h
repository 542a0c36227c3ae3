// trust.h - which certificates are trusted, and which is our own.
#ifndef HW_STREAM_TRUST_H
#define HW_STREAM_TRUST_H

#include <stddef.h>

#include <openssl/ssl.h>

#include <hawser/transport.h>

#include "site.h"

// The context that the options tls.ca, tls.cert and tls.key ask for: one that
// the site has already, or a new one. The site keeps the hold. NULL: it can't
// be made; sentence says why.
SSL_CTX *
hw_stream_trust_get(struct hw_stream_site *site,
                    const hawser_settings *settings, char *sentence,
                    size_t size);

void
hw_stream_trusts_clear(struct hw_stream_site *site);

#endif
