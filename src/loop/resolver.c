// resolver.c - names to addresses, off the loop.
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/refusal.h"
#include "loop/loop_private.h"

struct request {
    uv_getaddrinfo_t uv; // first: a request's address is its own
    hw_resolved answer;
    void *user;
    uint64_t ticket;
};

bool
hw_address_is_numeric(const char *host)
{
    uint8_t address[16];

    return uv_inet_pton(AF_INET, host, address) == 0 ||
           uv_inet_pton(AF_INET6, host, address) == 0;
}

static void
add_address(struct hw_addresses *addresses, const struct addrinfo *info)
{
    char *text = addresses->text[addresses->count];
    int failed = -1;

    if (info->ai_family == AF_INET) {
        failed = uv_ip4_name((const struct sockaddr_in *)info->ai_addr, text,
                             HW_ADDRESS_SIZE);
    } else if (info->ai_family == AF_INET6) {
        failed = uv_ip6_name((const struct sockaddr_in6 *)info->ai_addr, text,
                             HW_ADDRESS_SIZE);
    }
    if (failed == 0) {
        addresses->count++;
    }
}

static void
on_resolved(uv_getaddrinfo_t *uv, int failed, struct addrinfo *infos)
{
    struct request *request = (struct request *)uv;
    const struct hw_loop *loop = (const struct hw_loop *)uv->loop;
    struct hw_addresses addresses = { 0 };
    const char *error = NULL;

    for (const struct addrinfo *info = infos;
         info != NULL && addresses.count < HW_ADDRESSES_MAX;
         info = info->ai_next) {
        add_address(&addresses, info);
    }
    if (failed != 0) {
        error = uv_strerror(failed);
    } else if (addresses.count == 0) {
        error = "the name has no address";
    }
    uv_freeaddrinfo(infos);
    if (loop->table != NULL) { // nobody is left to answer otherwise
        request->answer(request->user, request->ticket, &addresses, error);
    }
    free(request);
}

hawser_status
hw_loop_resolve(struct hw_loop *loop, const char *host, hw_resolved answer,
                void *user, uint64_t ticket)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct request *request = calloc(1, sizeof *request);
    int error;

    if (request == NULL) {
        return HAWSER_NO_MEMORY;
    }
    request->answer = answer;
    request->user = user;
    request->ticket = ticket;
    error = uv_getaddrinfo(&loop->uv, &request->uv, on_resolved, host, NULL,
                           &hints);
    if (error != 0) {
        hw_refusal_note("uv_getaddrinfo", -error);
        free(request);
        return error == UV_ENOMEM ? HAWSER_NO_MEMORY : HAWSER_SYSTEM;
    }
    return HAWSER_OK;
}
