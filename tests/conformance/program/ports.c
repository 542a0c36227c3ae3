// ports.c - what transports call: it goes to the recorder as it is.
//
// The program exports these, so that the calls of a shared object end here and
// not in the library that it was linked with.
#include "../stage.h"

void
hawser_port_opened(hawser_port *port, const hawser_opened *info)
{
    record_opened(port, info);
}

void
hawser_port_writable(hawser_port *port)
{
    record_writable(port);
}

void
hawser_port_passed(hawser_port *port, uint64_t number)
{
    record_passed(port, number);
}

hawser_status
hawser_port_received(hawser_port *port, hawser_kind kind, const void *topic,
                     size_t topic_size, const void *bytes, size_t size)
{
    record_received(port, kind, topic, topic_size, bytes, size);
    return HAWSER_OK;
}

void
hawser_port_alive(hawser_port *port)
{
    record_alive(port);
}

void
hawser_port_lost(hawser_port *port, const hawser_lost *why)
{
    record_lost(port, why);
}

void
hawser_port_refused(hawser_port *port, size_t index, const char *sentence)
{
    record_refused(port, index, sentence);
}

void
hawser_port_note(hawser_port *port, const char *sentence)
{
    (void)port;
    (void)sentence; // for people
}

const char *
hawser_port_name(const hawser_port *port)
{
    return port->name;
}
