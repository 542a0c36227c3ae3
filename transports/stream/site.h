// site.h - what the wires of one loop share: buffers that are too large to have
// one per wire, and the settings of TLS.
#ifndef HW_STREAM_SITE_H
#define HW_STREAM_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include <hawser/status.h>

struct hw_stream_trust;

enum {
    HW_STREAM_READ_SIZE = 256 * 1024,  // as for ws: more gains nothing
    HW_STREAM_BURST_SIZE = 256 * 1024, // framed and written at once
    HW_STREAM_PLAIN_SIZE = 64 * 1024,  // decrypted at once
};

struct hw_stream_site {
    uv_loop_t *loop;
    struct hw_stream_trust *trusts; // the newest first
    unsigned wires;                 // that are not freed yet
    bool stopping;
    uint8_t in[HW_STREAM_READ_SIZE];
    uint8_t out[HW_STREAM_BURST_SIZE];
    uint8_t plain[HW_STREAM_PLAIN_SIZE];
};

hawser_status
hw_stream_site_start(void *uv_loop, void **result);

void
hw_stream_site_stop(void *user);

// A wire of the site was freed.
void
hw_stream_site_forget_wire(struct hw_stream_site *site);

#endif
