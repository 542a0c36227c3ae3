// serve_server.c - listening, peers coming and going, deadlines.
#include "serve.h"
#include "serve_record.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void
stop(struct server *server)
{
    if (server->stopping) {
        return;
    }
    server->stopping = true;
    serve_door_close(server);
    for (int i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&server->signals[i], NULL);
    }
    for (struct peer *peer = server->peers; peer != NULL; peer = peer->next) {
        peer_leave(peer, 1001, "the server stops");
        peer_flush(peer);
    }
    if (server->peers == NULL) {
        uv_close((uv_handle_t *)&server->tick, NULL);
    }
}

static void
on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    stop(signal->data);
}

void
server_forget(struct peer *peer)
{
    struct server *server = peer->server;

    if (peer->before != NULL) {
        peer->before->next = peer->next;
    } else {
        server->peers = peer->next;
    }
    if (peer->next != NULL) {
        peer->next->before = peer->before;
    }
    server->peer_count--;
    if (server->options.once) {
        stop(server);
    }
    if (server->stopping && server->peers == NULL &&
        !uv_is_closing((uv_handle_t *)&server->tick)) {
        uv_close((uv_handle_t *)&server->tick, NULL);
    }
}

// One clock for all peers: the deadlines are few and coarse.
static void
on_tick(uv_timer_t *timer)
{
    struct server *server = timer->data;
    uint64_t now = uv_now(&server->loop);

    for (struct peer *peer = server->peers; peer != NULL; peer = peer->next) {
        if (peer->deadline_ms != 0 && peer->deadline_ms <= now) {
            peer_drop(peer);
        }
    }
    if (server->options.print) {
        (void)fflush(stdout); // a reader who left is no concern of the peers
    }
}

static void
on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) {
        peer_accept(listener->data);
    }
}

// Ten thousand peers need as many descriptors.
static void
raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); // fewer peers are served then
    }
}

static int
start(struct server *server)
{
    static const int numbers[2] = { SIGINT, SIGTERM };
    int error = serve_door_open(server, on_connection);

    if (error != 0) {
        return error;
    }
    serve_door_tell(server);
    for (int i = 0; i < 2 && error == 0; i++) {
        error = uv_signal_start(&server->signals[i], on_signal, numbers[i]);
    }
    return error != 0 ? error
                      : uv_timer_start(&server->tick, on_tick, SERVE_TICK_MS,
                                       SERVE_TICK_MS);
}

static int
prepare(struct server *server)
{
    int error = uv_loop_init(&server->loop);

    if (error != 0) {
        return error;
    }
    // None of these can fail on a loop that was just made.
    (void)serve_handle_init(server, &server->listener);
    (void)uv_timer_init(&server->loop, &server->tick);
    server->listener.any.data = server;
    server->tick.data = server;
    for (int i = 0; i < 2; i++) {
        (void)uv_signal_init(&server->loop, &server->signals[i]);
        server->signals[i].data = server;
    }
    server->read_room = malloc(SERVE_READ_ROOM);
    if (server->tls != NULL) {
        server->plain_room = malloc(SERVE_READ_ROOM);
    }
    return server->read_room == NULL ||
                   (server->tls != NULL && server->plain_room == NULL)
               ? UV_ENOMEM
               : 0;
}

static int
open_record(struct server *server)
{
    if (server->options.record == NULL) {
        return 0;
    }
    server->record = record_open(server->options.record);
    if (server->record == NULL) {
        int error = errno;
        (void)fprintf(stderr, "hawser serve: --record %s: %s\n",
                      server->options.record, strerror(error));
        return UV_EINVAL;
    }
    return 0;
}

static int
open_tls(struct server *server)
{
    const struct serve_options *options = &server->options;

    if (!options->is_tls) {
        return 0;
    }
    server->tls = tls_site_open(options->cert, options->key);
    return server->tls == NULL ? UV_EINVAL : 0;
}

int
server_run(const struct serve_options *options)
{
    struct server server = { .options = *options };
    int error = open_record(&server);

    if (error == 0) {
        error = open_tls(&server);
    }
    if (error != 0) {
        record_close(server.record);
        return error;
    }
    raise_descriptors();
    (void)signal(SIGPIPE, SIG_IGN); // can't fail for this signal
    error = prepare(&server);
    if (error == 0) {
        error = start(&server);
    }
    if (error != 0) {
        stop(&server);
    }
    (void)uv_run(&server.loop, UV_RUN_DEFAULT); // until every handle is closed
    (void)uv_loop_close(&server.loop);
    free(server.read_room);
    free(server.plain_room);
    tls_site_close(server.tls);
    record_close(server.record);
    return error;
}
