// lws_client.c - libwebsockets' own ws role as its examples use it: one
// lws_write for each writable callback, its default buffers.
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

struct client {
    struct job job;
    unsigned char *out; // LWS_PRE bytes and a message
    uint64_t sent;
    uint64_t received;
    uint64_t began_ns;
    size_t part; // bytes of the message that is coming in
    char answer[32];
    int asked; // the closing "?" of pub, or the "go" of sub
    int done;
};

static void
say(struct client *client, struct lws *wsi, const char *text)
{
    unsigned char room[LWS_PRE + 64];
    size_t size = strlen(text);

    memcpy(room + LWS_PRE, text, size);
    if (lws_write(wsi, room + LWS_PRE, size, LWS_WRITE_TEXT) < 0) {
        job_fail(client->job.url, "lws_write failed");
    }
    client->asked = 1;
}

static void
send_one(struct client *client, struct lws *wsi)
{
    if (lws_write(wsi, client->out + LWS_PRE, client->job.size,
                  LWS_WRITE_BINARY) < 0) {
        job_fail(client->job.url, "lws_write failed");
    }
    client->sent++;
}

static void
on_writable(struct client *client, struct lws *wsi)
{
    struct job *job = &client->job;
    char text[64];

    switch (job->work) {
    case JOB_RTT:
        client->began_ns = job_now_ns();
        send_one(client, wsi);
        break;
    case JOB_PUB:
        if (client->sent < job->count) {
            send_one(client, wsi);
            lws_callback_on_writable(wsi);
        } else if (!client->asked) {
            say(client, wsi, "?");
        }
        break;
    case JOB_SUB:
        if (!client->asked) {
            (void)snprintf(text, sizeof text, "go %llu %zu",
                           (unsigned long long)job->count, job->size);
            say(client, wsi, text);
        }
        break;
    }
}

static void
on_message(struct client *client, struct lws *wsi, size_t size)
{
    struct job *job = &client->job;

    client->received++;
    if (job->work == JOB_PUB) {
        job_end(job);
        job_check_count(job, client->answer, size);
        client->done = 1;
        return;
    }
    if (size != job->size) {
        job_fail(job->url, "a message of another size");
    }
    if (job->work == JOB_RTT) {
        job_lap(job, client->began_ns);
    }
    if (client->received == job->count) {
        job_end(job);
        client->done = 1;
    } else if (job->work == JOB_RTT) {
        lws_callback_on_writable(wsi);
    }
}

static void
on_bytes(struct client *client, struct lws *wsi, const void *bytes, size_t size)
{
    if (client->job.work == JOB_PUB &&
        client->part + size < sizeof client->answer) {
        memcpy(client->answer + client->part, bytes, size);
    }
    client->part += size;
    if (lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0) {
        size = client->part;
        client->part = 0;
        on_message(client, wsi, size);
    }
}

static int
on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user,
         void *in, size_t size)
{
    struct client *client = lws_context_user(lws_get_context(wsi));

    (void)user; // this protocol keeps nothing for each session
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        job_begin(&client->job);
        lws_callback_on_writable(wsi);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        on_writable(client, wsi);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        on_bytes(client, wsi, in, size);
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        job_fail(client->job.url, in != NULL ? (const char *)in : "no answer");
        break;
    case LWS_CALLBACK_CLIENT_CLOSED:
        if (!client->done) {
            job_fail(client->job.url, "closed too early");
        }
        break;
    default:
        break;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    static const struct lws_protocols protocols[] = {
        { .name = "bench", .callback = on_event },
        { .name = NULL },
    };
    struct client client = { .sent = 0 };
    struct lws_context_creation_info info = { .port = CONTEXT_PORT_NO_LISTEN,
                                              .protocols = protocols,
                                              .user = &client };
    struct lws_client_connect_info connect = { .path = client.job.path,
                                               .address = client.job.host,
                                               .host = client.job.host,
                                               .origin = client.job.host };

    job_read(&client.job, argc, argv);
    client.out = calloc(1, LWS_PRE + client.job.size + 1);
    lws_set_log_level(LLL_ERR, NULL);
    connect.context = lws_create_context(&info);
    if (client.out == NULL || connect.context == NULL) {
        job_fail(client.job.url, "no context");
    }
    connect.port = (int)strtol(client.job.port, NULL, 10);
    if (lws_client_connect_via_info(&connect) == NULL) {
        job_fail(client.job.url, "could not connect");
    }
    while (!client.done) {
        (void)lws_service(connect.context, 0); // a loss ends the program
    }
    lws_context_destroy(connect.context);
    free(client.out);
    return job_report(&client.job);
}
