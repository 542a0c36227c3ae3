// serve_door.c - the socket that listens.
#include "serve.h"

#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

int
serve_handle_init(struct server *server, union serve_handle *handle)
{
    return server->options.is_unix
               ? uv_pipe_init(&server->loop, &handle->pipe, 0)
               : uv_tcp_init(&server->loop, &handle->tcp);
}

static int
bind_tcp(struct server *server)
{
    const struct serve_options *options = &server->options;
    struct addrinfo wanted = { .ai_socktype = SOCK_STREAM,
                               .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found;
    char port[8];
    int error;

    (void)snprintf(port, sizeof port, "%d", options->port); // always fits
    error = getaddrinfo(options->host, port, &wanted, &found);
    if (error != 0) {
        (void)fprintf(stderr, "hawser serve: %s: %s\n", options->host,
                      gai_strerror(error));
        return UV_EINVAL;
    }
    error = uv_tcp_bind(&server->listener.tcp, found->ai_addr, 0);
    freeaddrinfo(found);
    return error;
}

// What a server that was killed left behind is in the way of the next one.
static void
remove_if_dead(const struct sockaddr_un *address, socklen_t size)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        if (connect(fd, (const struct sockaddr *)address, size) != 0 &&
            errno == ECONNREFUSED) {
            (void)unlink(address->sun_path); // or binding says why not
        }
        (void)close(fd); // nothing was written
    }
}

static int
bind_unix(struct server *server)
{
    const char *path = server->options.host;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    if (fd < 0) {
        return -errno;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@') { // an abstract name begins with a zero, and has no end
        address.sun_path[0] = '\0';
    } else {
        size++;
        remove_if_dead(&address, size);
    }
    error = bind(fd, (const struct sockaddr *)&address, size) != 0
                ? -errno
                : uv_pipe_open(&server->listener.pipe, fd);
    if (error != 0) {
        (void)close(fd); // nobody listens
        server->options.host[0] = '\0';
    }
    return error;
}

int
serve_door_open(struct server *server, uv_connection_cb on_connection)
{
    char place[SERVE_PATH_MAX + 1];
    int error;

    (void)snprintf(place, sizeof place, "%.100s", server->options.host);
    error = server->options.is_unix ? bind_unix(server) : bind_tcp(server);
    if (error == UV_EINVAL && !server->options.is_unix) {
        return error; // it has been told
    }
    if (error == 0) {
        error = uv_listen(&server->listener.stream, BACKLOG, on_connection);
    }
    if (error != 0) {
        (void)fprintf(stderr, "hawser serve: %s port %d: %s\n", place,
                      server->options.port, uv_strerror(error));
    }
    return error;
}

static const char *
scheme_of(const struct serve_options *options)
{
    return options->wire == WIRE_WS ? options->is_tls ? "wss" : "ws"
           : options->is_tls        ? "tls"
                                    : "tcp";
}

void
serve_door_tell(struct server *server)
{
    struct sockaddr_storage address;
    int size = sizeof address;
    char port[8] = "0";
    bool numeric6 = strchr(server->options.host, ':') != NULL;

    if (server->options.quiet) {
        return;
    }
    if (server->options.is_tls && server->options.cert == NULL) {
        (void)fprintf(stderr, "hawser serve: the certificate is made for this "
                              "run and written nowhere; clients need "
                              "-o tls.insecure=on\n");
    }
    if (server->options.is_unix) {
        (void)printf("listening on unix://%s\n", server->options.host);
    } else if (uv_tcp_getsockname(&server->listener.tcp,
                                  (struct sockaddr *)&address, &size) == 0) {
        (void)getnameinfo((struct sockaddr *)&address, (socklen_t)size, NULL, 0,
                          port, sizeof port, NI_NUMERICSERV); // "0" otherwise
        (void)printf("listening on %s://%s%s%s:%s\n",
                     scheme_of(&server->options), numeric6 ? "[" : "",
                     server->options.host, numeric6 ? "]" : "", port);
    }
    (void)fflush(stdout); // a parent may wait for this line
}

void
serve_door_close(struct server *server)
{
    if (server->options.is_unix && server->options.host[0] == '/') {
        (void)unlink(server->options.host); // it may be gone already
    }
    uv_close(&server->listener.any, NULL);
}
