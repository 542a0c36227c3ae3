// herd.h - many clients of one server that goes away and comes back.
//
// The supervisor and the backoff are the real ones, one row for each client, at
// a table that a virtual clock turns; the others are played. All clients are
// UP when the server is lost to all of them at one moment. A run is a pure
// function of its setup.
//
// The server takes one dial after the other, at its rate, and lets a few wait;
// whoever finds no room is refused at once.
#ifndef HAWSER_HERD_HERD_H
#define HAWSER_HERD_HERD_H

#include <stdint.h>

#include "post/mailbox.h"

enum {
    HERD_BUCKET_MS = 100,
    HERD_BUCKETS = 36000, // an hour
    HERD_LATENCY_MS = 1,  // of an answer
};

// How the server leaves, and how it refuses whom it has no room for.
enum herd_manners {
    HERD_SILENT,      // cuts every wire; refuses as nobody would
    HERD_RETRY_AFTER, // cuts every wire; refuses with 503 and Retry-After
    HERD_GOODBYE,     // closes with 1012; refuses as nobody would
};

struct herd_setup {
    uint32_t clients;
    const char *options; // of all: "name=value name=value"
    enum herd_manners manners;
    int retry_after_ms;
    uint32_t down_ms;
    uint32_t dials_per_second; // that the server takes; at most 1000
    uint32_t backlog;          // dials that wait to be taken
    uint64_t limit_ms;         // the run ends then at the latest
};

struct herd_result {
    uint64_t dials;   // after the loss
    uint64_t refused; // of them
    uint32_t peak;    // most dials in one bucket
    uint32_t peak_up; // the same, once the server is there again
    uint32_t back;    // clients that are UP again
    // When so many were back, after the loss; UINT64_MAX: not within the limit.
    uint64_t half_ms;
    uint64_t most_ms; // 99 %
    uint64_t all_ms;
    uint32_t bucket_count;
    uint32_t buckets[HERD_BUCKETS]; // dials in each, from the loss on
};

void
herd_run(struct hw_post *post, const struct herd_setup *setup,
         struct herd_result *result);

#endif
