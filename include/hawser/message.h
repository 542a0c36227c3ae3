// hawser/message.h - immutable, reference-counted bytes.
//
// A message never changes once it is made, so threads share it without a lock.
// hawser_message_new gives one reference; hold adds one, drop gives one back.
// Many small messages that arrived together share one block of memory (at most
// 64 KiB, or one message if that is larger); the block is freed with the last
// of them, so copy what you want to keep for long.
#ifndef HAWSER_MESSAGE_H
#define HAWSER_MESSAGE_H

#include <stddef.h>

#include <hawser/export.h>
#include <hawser/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hawser_kind {
    HAWSER_BINARY = 0,
    HAWSER_TEXT = 1, // UTF-8; a transport without kinds sends it as it is
} hawser_kind;

typedef struct hawser_message hawser_message;

// Copies size bytes into a new message with one reference. bytes may be NULL if
// size is 0. Any thread.
// INVALID: bytes is NULL with a size, kind is none, or message is NULL.
// TOO_BIG: size is above 2^31-1. NO_MEMORY.
HAWSER_API hawser_status
hawser_message_new(hawser_kind kind, const void *bytes, size_t size,
                   hawser_message **message);

// As hawser_message_new, with a topic of topic_size bytes (at most 65535).
HAWSER_API hawser_status
hawser_message_new_topic(hawser_kind kind, const void *topic, size_t topic_size,
                         const void *bytes, size_t size,
                         hawser_message **message);

// A message that is being written, piece by piece, into the memory that it will
// have as a message. One thread at a time.
typedef struct hawser_draft hawser_draft;

// An empty one. room: the bytes that are expected; more may be written.
// NO_MEMORY, INVALID.
HAWSER_API hawser_status
hawser_draft_new(size_t room, hawser_draft **draft);

// Appends size bytes. NO_MEMORY, TOO_BIG (2^31-1): from then on the draft is
// spoilt, and hawser_draft_finish answers the same, so that a writer may look
// there only. INVALID.
HAWSER_API hawser_status
hawser_draft_write(hawser_draft *draft, const void *bytes, size_t size);

// Turns the draft into a message with one reference, and frees it, whatever it
// answers. INVALID: kind is none, or it is HAWSER_TEXT and not UTF-8.
// NO_MEMORY, TOO_BIG: as above.
HAWSER_API hawser_status
hawser_draft_finish(hawser_draft *draft, hawser_kind kind,
                    hawser_message **message);

// Gives the draft up. NULL is allowed.
HAWSER_API void
hawser_draft_drop(hawser_draft *draft);

// Adds a reference and returns the message, for use in expressions. Any thread.
HAWSER_API hawser_message *
hawser_message_hold(hawser_message *message);

// Gives a reference back; NULL is allowed. Any thread.
HAWSER_API void
hawser_message_drop(hawser_message *message);

// The bytes; valid while a reference is held. Never NULL, even if size is 0.
HAWSER_API const void *
hawser_message_bytes(const hawser_message *message);

HAWSER_API size_t
hawser_message_size(const hawser_message *message);

HAWSER_API hawser_kind
hawser_message_kind(const hawser_message *message);

// The topic (not terminated by a zero), its length in *size; NULL and 0 where
// there is none.
HAWSER_API const void *
hawser_message_topic(const hawser_message *message, size_t *size);

#ifdef __cplusplus
}
#endif

#endif
