// endpoints.c - from a text of URLs to the plan of a link.
#include "front/endpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/bus.h"
#include "wire/schemes.h"

static const char WHITE[] = " \t\r\n";

enum { SENTENCE_SIZE = 256 };

static void
list_schemes(char *to, size_t size)
{
    const hawser_transport *transport;
    size_t at = 0;

    for (unsigned i = 0; (transport = hw_scheme_at(i)) != NULL && at < size;
         i++) {
        int n = snprintf(to + at, size - at, "%s%s", i > 0 ? " " : "",
                         transport->schemes);

        at += n > 0 ? (size_t)n : 0;
    }
}

// A URL may have secrets behind the scheme; as much is told as names it.
static hawser_status
refuse_scheme(const char *url)
{
    const char *end = strstr(url, "://");
    char schemes[256] = "";

    if (url[0] == '\0') {
        hw_error_set("there is no URL");
        return HAWSER_INVALID;
    }
    if (end == NULL || end == url) {
        hw_error_set("\"%.40s\" is no URL: it has no scheme, such as ws://",
                     url);
        return HAWSER_INVALID;
    }
    list_schemes(schemes, sizeof schemes);
    hw_error_set("no transport has the scheme %.*s://; there are %s",
                 end - url > 40 ? 40 : (int)(end - url), url, schemes);
    return HAWSER_UNKNOWN;
}

static hawser_status
check(const char *url, const struct hawser_settings *settings,
      struct hw_endpoint *endpoint, hawser_route *route)
{
    char sentence[SENTENCE_SIZE] = "";
    hawser_status status;

    endpoint->url = url;
    endpoint->transport = hw_scheme_transport(url);
    if (endpoint->transport == NULL) {
        return refuse_scheme(url);
    }
    status = endpoint->transport->check(url, settings, route, sentence,
                                        sizeof sentence);
    endpoint->host = route->host;
    endpoint->port = route->port;
    if (status != HAWSER_OK) {
        hw_error_set("%s", sentence[0] != '\0' ? sentence
                                               : hawser_status_text(status));
    }
    return status;
}

static hawser_status
check_all(char *urls, const struct hawser_settings *settings,
          struct hw_endpoint *endpoints, hawser_route *routes, uint32_t *count)
{
    hawser_status status = HAWSER_OK;

    for (*count = 0; status == HAWSER_OK; ++*count) {
        size_t size;

        urls += strspn(urls, WHITE);
        size = strcspn(urls, WHITE);
        if (size == 0) {
            break;
        }
        if (*count == HW_ENDPOINTS_MAX) {
            hw_error_set("more than %d URLs", HW_ENDPOINTS_MAX);
            return HAWSER_INVALID;
        }
        if (urls[size] != '\0') {
            urls[size++] = '\0';
        }
        status = check(urls, settings, &endpoints[*count], &routes[*count]);
        urls += size;
    }
    return status == HAWSER_OK && *count == 0 ? refuse_scheme("") : status;
}

static bool
is_picky(const struct hw_endpoint *endpoint,
         const struct hawser_settings *settings)
{
    char sentence[SENTENCE_SIZE];
    const hawser_transport *transport = endpoint->transport;

    return transport->fits != NULL &&
           transport->fits(endpoint->url, settings, NULL, sentence,
                           sizeof sentence) != HAWSER_OK;
}

hawser_status
hw_endpoints_carry(const struct hw_plan *plan, const hawser_message *message)
{
    char sentence[SENTENCE_SIZE];

    sentence[0] = '\0';
    for (uint32_t i = 0; i < plan->endpoint_count; i++) {
        const struct hw_endpoint *endpoint = &plan->endpoints[i];

        if (endpoint->transport->fits != NULL &&
            endpoint->transport->fits(endpoint->url, plan->settings, message,
                                      sentence, sizeof sentence) != HAWSER_OK) {
            hw_error_set("%s", sentence);
            return HAWSER_INVALID;
        }
    }
    return HAWSER_OK;
}

hawser_status
hw_endpoints_plan(const char *urls, struct hawser_settings *settings,
                  struct hw_plan **plan)
{
    struct hw_endpoint *endpoints = calloc(HW_ENDPOINTS_MAX, sizeof *endpoints);
    hawser_route *routes = calloc(HW_ENDPOINTS_MAX, sizeof *routes);
    char *copy = strdup(urls);
    hawser_status status = HAWSER_NO_MEMORY;
    uint32_t count = 0;

    if (endpoints != NULL && routes != NULL && copy != NULL) {
        status = check_all(copy, settings, endpoints, routes, &count);
    }
    if (status == HAWSER_OK) {
        *plan = hw_plan_new(settings, endpoints, count);
        status = *plan == NULL ? HAWSER_NO_MEMORY : HAWSER_OK;
    }
    for (uint32_t i = 0; status == HAWSER_OK && i < count; i++) {
        (*plan)->picky |= is_picky(&endpoints[i], settings);
    }
    if (status == HAWSER_NO_MEMORY) {
        hw_error_set("out of memory");
    }
    free(copy);
    free(routes);
    free(endpoints);
    return status;
}
