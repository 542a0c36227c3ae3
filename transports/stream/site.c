// site.c - what the wires of one loop share.
#include "site.h"

#include <stdlib.h>

#include "trust.h"

hawser_status
hw_stream_site_start(void *uv_loop, void **result)
{
    struct hw_stream_site *site = calloc(1, sizeof *site);

    if (site == NULL) {
        return HAWSER_NO_MEMORY;
    }
    site->loop = uv_loop;
    *result = site;
    return HAWSER_OK;
}

static void
end(struct hw_stream_site *site)
{
    hw_stream_trusts_clear(site);
    free(site);
}

// It has no handles of its own; goodbyes under way have theirs.
void
hw_stream_site_stop(void *user)
{
    struct hw_stream_site *site = user;

    site->stopping = true;
    if (site->wires == 0) {
        end(site);
    }
}

void
hw_stream_site_forget_wire(struct hw_stream_site *site)
{
    site->wires--;
    if (site->stopping && site->wires == 0) {
        end(site);
    }
}
