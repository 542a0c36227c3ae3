// plan.h - what was asked for when a link was opened; never changes.
//
// The actors that serve a link share its plan by counting holds.
#ifndef HW_VALUES_PLAN_H
#define HW_VALUES_PLAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <hawser/transport.h>

#include "values/meter.h"
#include "values/settings.h"

enum { HW_ENDPOINTS_MAX = 64 };

struct hw_endpoint {
    const char *url;
    const char *host; // to resolve; "" (or NULL, until planned): nothing
    const hawser_transport *transport;
    uint16_t port;
};

struct hw_plan {
    atomic_uint holds;
    uint32_t inbox; // number of the inbox that hears this link
    uint32_t endpoint_count;
    bool durable; // its spool is kept in a file
    struct hawser_settings *settings;
    struct hw_meter *meter; // outlives the link
    struct hw_endpoint *endpoints;
    bool picky; // some transport does not carry every message
};

// Takes over the hold on settings, and copies the rest. NULL: out of memory,
// nothing was taken.
struct hw_plan *
hw_plan_new(struct hawser_settings *settings,
            const struct hw_endpoint *endpoints, uint32_t endpoint_count);

struct hw_plan *
hw_plan_hold(struct hw_plan *plan);

// NULL is allowed.
void
hw_plan_drop(struct hw_plan *plan);

#endif
