// plan.c - what was asked for when a link was opened; never changes.
#include "values/plan.h"

#include <stdlib.h>
#include <string.h>

static const char *
host_of(const struct hw_endpoint *endpoint)
{
    return endpoint->host == NULL ? "" : endpoint->host;
}

static size_t
texts_size(const struct hw_endpoint *endpoints, uint32_t count)
{
    size_t all = 0;

    for (uint32_t i = 0; i < count; i++) {
        all += strlen(endpoints[i].url) + 1;
        all += strlen(host_of(&endpoints[i])) + 1;
    }
    return all;
}

static const char *
put_text(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    const char *put = memcpy(*at, text, size);

    *at += size;
    return put;
}

struct hw_plan *
hw_plan_new(struct hawser_settings *settings,
            const struct hw_endpoint *endpoints, uint32_t endpoint_count)
{
    size_t rows = endpoint_count * sizeof *endpoints;
    struct hw_plan *plan =
        malloc(sizeof *plan + rows + texts_size(endpoints, endpoint_count));
    char *text;

    if (plan == NULL) {
        return NULL;
    }
    memset(plan, 0, sizeof *plan);
    atomic_init(&plan->holds, 1);
    plan->settings = settings;
    plan->endpoint_count = endpoint_count;
    plan->endpoints = (struct hw_endpoint *)(plan + 1);
    memcpy(plan->endpoints, endpoints, rows);
    text = (char *)plan->endpoints + rows;
    for (uint32_t i = 0; i < endpoint_count; i++) {
        plan->endpoints[i].url = put_text(&text, endpoints[i].url);
        plan->endpoints[i].host = put_text(&text, host_of(&endpoints[i]));
    }
    return plan;
}

struct hw_plan *
hw_plan_hold(struct hw_plan *plan)
{
    atomic_fetch_add_explicit(&plan->holds, 1, memory_order_relaxed);
    return plan;
}

void
hw_plan_drop(struct hw_plan *plan)
{
    if (plan == NULL ||
        atomic_fetch_sub_explicit(&plan->holds, 1, memory_order_acq_rel) > 1) {
        return;
    }
    hw_settings_drop(plan->settings);
    free(plan);
}
