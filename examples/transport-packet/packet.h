// packet.h - what the files of this transport share: a wire.
#ifndef PACKET_H
#define PACKET_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <hawser/transport.h>

enum {
    PIECE = 32768, // of a message, in a packet
    AT_ONCE = 64,  // packets for one system call, or one turn of the loop
    REASON_MAX = 123,
    GOODBYE_MS = 1000,
};

struct packet {
    struct packet *next;
    size_t size;
    unsigned char bytes[];
};

// A descriptor that is watched.
struct watch {
    uv_poll_t poll;
    struct wire *wire;
    int fd;
};

struct wire {
    uv_timer_t timer;  // the next turn; once it is closed, the last moment
    hawser_port *port; // NULL: closed or lost, nothing is said any more
    struct watch *watch;
    char *path;
    int trouble; // errno of connecting
    struct packet *first, **last;
    size_t backlog; // bytes of them
    uint64_t written;
    uint64_t pong; // to be sent; 0: none
    uint64_t asked, passed;
    size_t buffer, message_max;
    unsigned char *message; // that began to arrive
    size_t size, room;
    int binds, opened, deaf, short_of_room, farewell;
};

// ---- packet.c ----

// Loses the wire; for one that only says goodbye, this is the end of it.
void
wire_lose_with(struct wire *wire, const hawser_lost *why);

void
wire_lose(struct wire *wire, hawser_cause cause, const char *error);

// ---- out.c ----

// A packet of room bytes behind its mark, which is the last on its way out, to
// be filled in. NULL: out of memory.
unsigned char *
out_packet(struct wire *wire, char mark, size_t room);

// 0: out of memory.
int
out_number(struct wire *wire, char mark, uint64_t number);

// All of it or, out of memory, nothing.
int
out_message(struct wire *wire, const hawser_message *message);

// Writes what the kernel takes. Whether the connection is still good; what is
// wrong is told by whoever may.
int
out_flush(struct wire *wire);

// ---- in.c ----

// Reads what came, and says it. The wire may be gone after it.
void
in_read(struct wire *wire);

#endif
