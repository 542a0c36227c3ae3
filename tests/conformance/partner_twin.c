// partner_twin.c - a second wire of the transport: it dials the same name, or
// the other end's.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "partner.h"
#include "template.h"

struct partner {
    struct stage *stage;
    hawser_port *port;
    struct ear said; // what is still to be sent, from next on
    size_t next;
    bool leaving; // goodbye once all is sent
    int code;
    char reason[128];
    uv_prepare_t prepare; // sends, in each turn of the loop
};

static const char *near_template = "inproc://twins-{n}";
static const char *far_template = "inproc://twins-{n}";

void
partner_twin_meets_at(const char *near_end, const char *far_end)
{
    near_template = near_end;
    far_template = far_end;
}

static struct ear *
ear(struct partner *partner)
{
    return &partner->port->ear;
}

static size_t
unsaid(struct partner *partner)
{
    return partner->said.count - partner->next;
}

static bool
send_next(struct partner *partner)
{
    const struct note *note = &partner->said.notes[partner->next];
    const hawser_message message = {
        .bytes = note->bytes,
        .size = (uint32_t)note->size,
        .topic = note->topic_size > 0 ? note->topic : NULL,
        .topic_size = (uint16_t)note->topic_size,
        .kind = (uint8_t)note->kind,
    };
    size_t taken = port_send(partner->port, &message, 1);

    partner->next += taken;
    return taken == 1;
}

static void
on_prepare(uv_prepare_t *prepare)
{
    struct partner *partner = prepare->data;
    hawser_port *port = partner->port;

    while (port->ear.opened && port_lives(port) && unsaid(partner) > 0 &&
           port->times_writable >= port->times_short) {
        if (!send_next(partner)) {
            return;
        }
    }
    if (partner->leaving && unsaid(partner) == 0 && port_lives(port)) {
        port_close(port, partner->code, partner->reason);
    }
}

static struct partner *
open_twin(struct stage *stage, const hawser_transport *honest,
          char url[static PARTNER_URL_SIZE])
{
    struct partner *partner = calloc(1, sizeof *partner);
    struct template_values values;
    char far_url[PARTNER_URL_SIZE];

    if (partner == NULL) {
        abort();
    }
    partner->stage = stage;
    template_fresh(&values);
    template_fill(near_template, &values, url, PARTNER_URL_SIZE);
    template_fill(far_template, &values, far_url, sizeof far_url);
    partner->port = port_dial(stage, honest, stage->site, far_url);
    if (partner->port == NULL) {
        (void)fprintf(stderr, "no partner: %s\n", stage->fault);
        abort();
    }
    partner->port->honest = true;
    (void)uv_prepare_init(&stage->loop, &partner->prepare); // it can't fail
    (void)uv_prepare_start(&partner->prepare, on_prepare);  // nor this
    partner->prepare.data = partner;
    uv_unref((uv_handle_t *)&partner->prepare);
    return partner;
}

static void
say(struct partner *partner, const hawser_message *message)
{
    ear_note(&partner->said, (hawser_kind)message->kind, message->topic,
             message->topic_size, message->bytes, message->size);
}

static void
hear_or_not(struct partner *partner, bool on)
{
    if (port_lives(partner->port)) {
        port_listen(partner->port, on);
    }
}

static void
goodbye(struct partner *partner, int code, const char *reason)
{
    partner->leaving = true;
    partner->code = code;
    (void)snprintf(partner->reason, sizeof partner->reason, "%s",
                   reason); // cut
}

static void
cut(struct partner *partner)
{
    if (port_lives(partner->port)) {
        port_close(partner->port, HAWSER_CLOSE_CUT, "");
    }
}

static void
free_twin(uv_handle_t *prepare)
{
    struct partner *partner = prepare->data;

    ear_clear(&partner->said);
    free(partner);
}

static void
close_twin(struct partner *partner)
{
    if (port_lives(partner->port)) {
        port_close(partner->port, 0, "");
    }
    uv_close((uv_handle_t *)&partner->prepare, free_twin);
}

const struct partner_kind partner_twin = {
    .open = open_twin,
    .ear = ear,
    .say = say,
    .unsaid = unsaid,
    .listen = hear_or_not,
    .goodbye = goodbye,
    .cut = cut,
    .close = close_twin,
};
