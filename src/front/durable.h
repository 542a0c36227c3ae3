// durable.h - a link whose spool is a file: what goes between it and the disk.
//
// The application's thread puts what it accepts on a list; the keeper asks for
// that list when it is time to write. What has left the spool comes by letter.
#ifndef HW_FRONT_DURABLE_H
#define HW_FRONT_DURABLE_H

#include "front/bus.h"

struct hw_durable {
    hawser_bus *bus;
    struct hw_slot *slot; // NULL: no link has it yet
    struct hw_file *file;
    struct hw_command *farewell; // said when the file is closed
    // With the slot locked.
    struct hw_batch *first; // accepted, and not asked for by the keeper
    struct hw_batch *last;
    uint64_t next_key;
    bool noted;  // the keeper knows that there is something
    bool sealed; // the slot's last batch takes no more: the keeper has it
};

// Opens the file that the settings name, and loads what waits there. *durable
// is NULL if the spool is to be in memory. What is wrong is told in
// hawser_last_error. INVALID, SYSTEM, UNSUPPORTED, NO_MEMORY.
hawser_status
hw_durable_open(hawser_bus *bus, const struct hawser_settings *settings,
                struct hw_durable **durable, struct hw_batch **loaded);

// The link could not be opened after all. Waits until the file is closed.
void
hw_durable_abandon(struct hw_durable *durable);

// Gives the slot (locked) its file, and what was loaded from it.
void
hw_durable_begin(struct hw_slot *slot, struct hw_durable *durable,
                 struct hw_batch *loaded);

// The slot (locked) begins a batch that the file is to keep.
void
hw_durable_add_batch(struct hw_slot *slot, struct hw_batch *batch);

// One more message is in it.
void
hw_durable_add(struct hw_slot *slot);

// Waits until the message of that key is on disk. The file is held, and is let
// go. TIMEOUT.
hawser_status
hw_durable_wait(struct hw_file *file, uint64_t key, int timeout_ms);

// What the queue said of it.
void
hw_durable_gone(struct hw_slot *slot, uint64_t key, uint64_t count);

void
hw_durable_close(struct hw_slot *slot, uint64_t left);

#endif
