// disk.c - the files of durable links: the real store, on a disk with faults.
//
// The storm stands in for the door and for the keeper's thread: what is
// accepted and what is gone is written when its time has come, within a turn.
// The disk may be full for a while; and at any write of any file the process
// may be killed in the midst of it, which is begun anew from the files.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "storm.h"
#include "values/batch.h"
#include "values/report.h"
#include "values/settings.h"

enum {
    RETRY_US = 200000,  // as the keeper
    FAIR_MAX_MS = 6000, // between two troubles of the disk
    FULL_MAX_MS = 3000, // that it is full
    WRITES_MAX = 12,    // until one kills the process
    COMMIT_MAX_MS = 50, // spool.commit
    PATH_SIZE = 256,
};

// ---- the disk ----

static struct {
    bool ours; // the writes of a storm, and of nobody else
    bool full;
    bool dead;      // the process is: nothing is written any more
    uint64_t fatal; // at so manieth write from now on it dies; 0: at none
} disk;

// How many of the bytes are written; -1 with errno: none.
static ssize_t
allowed(size_t size)
{
    if (!disk.ours || (!disk.full && !disk.dead && disk.fatal != 1)) {
        disk.fatal -= disk.ours && disk.fatal > 0;
        return (ssize_t)size;
    }
    if (disk.full && !disk.dead) {
        errno = ENOSPC;
        return -1;
    }
    if (disk.dead) {
        errno = EIO;
        return -1;
    }
    disk.dead = true;
    return (ssize_t)(size / 2);
}

// LMDB's calls of pwrite and writev come here, since a program's symbols go
// before a library's.
__attribute__((visibility("default"))) ssize_t
write_at(int fd, const void *bytes, size_t size, off_t at) __asm__("pwrite");

__attribute__((visibility("default"))) ssize_t
write_parts(int fd, const struct iovec *parts, int count) __asm__("writev");

ssize_t
write_at(int fd, const void *bytes, size_t size, off_t at)
{
    ssize_t count = allowed(size);

    return count < 0 ? count
                     : syscall(SYS_pwrite64, fd, bytes, (size_t)count, at);
}

ssize_t
write_parts(int fd, const struct iovec *parts, int count)
{
    size_t size = 0;
    ssize_t may;

    for (int i = 0; i < count; i++) {
        size += parts[i].iov_len;
    }
    may = allowed(size);
    return may < 0               ? may
           : (size_t)may == size ? syscall(SYS_writev, fd, parts, count)
                                 : syscall(SYS_writev, fd, parts, count / 2);
}

bool
disk_is_dead(void)
{
    return disk.dead;
}

// ---- files ----

static void
must(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "storm: %s\n", what);
        abort();
    }
}

static void
path_of(const struct link *link, char path[PATH_SIZE])
{
    const char *folder = getenv("HAWSER_STORM_FILES");

    if (folder == NULL) {
        folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    }
    must((size_t)snprintf(path, PATH_SIZE, "%s/hawser-storm-%ld-%" PRIu32,
                          folder, (long)getpid(), link->id) < PATH_SIZE,
         "HAWSER_STORM_FILES is too long");
}

static void
forget_unwritten(struct file *file)
{
    while (file->first != NULL) {
        struct hw_batch *batch = file->first;

        file->first = batch->next_kept;
        hw_batch_drop(batch);
    }
    file->last = NULL;
    file->gone_count = 0;
}

static void
write_later(struct storm *storm, struct file *file)
{
    uint64_t due_us = storm_now_us(storm) + file->commit_us;

    if (storm_once_in(storm, 8)) {
        due_us = storm_now_us(storm); // somebody waits for it
    }
    file->due_us = due_us < file->due_us ? due_us : file->due_us;
}

// ---- what is accepted ----

static void
note_key(struct link *link, uint64_t number)
{
    struct file *file = &link->file;
    size_t room = file->number_room == 0 ? 64 : file->number_room * 2;

    if (file->next_key >= file->number_room) {
        file->numbers = realloc(file->numbers, room * sizeof *file->numbers);
        must(file->numbers != NULL, "out of memory");
        file->number_room = room;
    }
    file->numbers[file->next_key] = number;
    link->fates[number].file_key = file->next_key++;
}

void
disk_add(struct storm *storm, struct link *link, struct hw_batch *batch)
{
    struct file *file = &link->file;
    struct label label = { 0 };

    batch->key = file->next_key;
    for (uint32_t i = 0; i < batch->count; i++) {
        const hawser_message *message = &batch->messages[i];

        (void)ledger_label(message->bytes, message->size, &label); // it has one
        note_key(link, label.number);
    }
    batch->kept_until_ms = link->fates[label.number].expires_at_ms;
    hw_batch_hold(batch, 1);
    *(file->last == NULL ? &file->first : &file->last->next_kept) = batch;
    file->last = batch;
    write_later(storm, file);
}

// ---- what is gone ----

static struct fate *
fate_of_key(struct link *link, uint64_t key)
{
    struct file *file = &link->file;

    return key > 0 && key < file->next_key ? &link->fates[file->numbers[key]]
                                           : NULL;
}

static void
note_gone(struct storm *storm, struct link *link, uint64_t key)
{
    struct fate *fate = fate_of_key(link, key);

    if (fate == NULL || fate->gone_told) {
        storm_fault(storm,
                    "link %" PRIu32 " says of key %" PRIu64
                    " that it is gone, %s",
                    link->id, key, fate == NULL ? "of none" : "again");
        return;
    }
    fate->gone_told = true;
    link->gone_told++;
}

static void
add_run(struct file *file, struct hw_key_run run)
{
    size_t room = file->gone_room == 0 ? 16 : file->gone_room * 2;

    if (file->gone_count == file->gone_room) {
        file->gone = realloc(file->gone, room * sizeof *file->gone);
        must(file->gone != NULL, "out of memory");
        file->gone_room = room;
    }
    file->gone[file->gone_count++] = run;
}

void
disk_hear_gone(struct storm *storm, const struct hw_letter *letter)
{
    struct link *link = storm->rows[letter->link];

    if (storm->dead) {
        return;
    }
    if (link == NULL || link->file.store == NULL) {
        storm_fault(storm, "something is gone that no file keeps");
        return;
    }
    for (uint64_t i = 0; i < letter->count; i++) {
        note_gone(storm, link, letter->number + i);
    }
    add_run(&link->file, (struct hw_key_run){ letter->number, letter->count });
    write_later(storm, &link->file);
}

// ---- writing ----

static int
by_key(const void *one, const void *other)
{
    const struct hw_key_run *a = one, *b = other;

    return (a->key > b->key) - (a->key < b->key);
}

static void
say_trouble(struct storm *storm, struct link *link, const char *sentence)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_SPOOL_TROUBLE,
        .link = link->row,
        .thing = hw_report_error(HAWSER_CAUSE_LOCAL, sentence),
    };

    link->file.trouble = sentence[0] != '\0';
    storm_tell(storm, "link %" PRIu32 ": its file %s", link->id,
               link->file.trouble ? sentence : "can be written again");
    storm_say(storm, HW_SUPERVISOR, &letter);
}

static void
note_written(struct storm *storm, struct link *link)
{
    struct file *file = &link->file;

    for (size_t i = 0; i < file->gone_count; i++) {
        for (uint64_t at = 0; at < file->gone[i].count; at++) {
            struct fate *fate = fate_of_key(link, file->gone[i].key + at);

            fate->removed = true; // it was found when it was told
        }
    }
    forget_unwritten(file);
    file->safe_key = file->next_key;
    file->due_us = STORM_NEVER;
    if (file->trouble) {
        say_trouble(storm, link, "");
    }
}

static void
write_file(struct storm *storm, struct link *link)
{
    struct file *file = &link->file;
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_change change;
    hawser_status status;

    if (file->gone_count > 1) {
        qsort(file->gone, file->gone_count, sizeof file->gone[0], by_key);
    }
    change = (struct hw_change){ file->first, file->gone, file->gone_count };
    disk.ours = true;
    disk.full = storm->disk_full_until_us > storm_now_us(storm);
    status = hw_store_write(file->store, &change, sentence);
    disk.ours = false;
    storm_note(storm, file->next_key << 8 ^ (uint64_t)status);
    if (disk.dead) {
        storm_tell(storm, "link %" PRIu32 ": killed as its file is written",
                   link->id);
    } else if (status == HAWSER_OK) {
        note_written(storm, link);
    } else {
        file->due_us = storm_now_us(storm) + RETRY_US;
        if (!file->trouble) {
            say_trouble(storm, link, sentence);
        }
    }
}

static void
close_store(struct file *file)
{
    forget_unwritten(file);
    hw_store_close(file->store);
    file->store = NULL;
    file->due_us = STORM_NEVER;
    file->trouble = false;
    file->closing = false;
}

// The keeper writes a last time, whatever comes of it.
static void
close_now(struct storm *storm, struct link *link)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_LINK_FORGOTTEN,
        .link = link->row,
        .number = link->file.left,
    };

    write_file(storm, link);
    if (!disk.dead) {
        storm_tell(storm, "link %" PRIu32 ": its file is closed", link->id);
        close_store(&link->file);
        storm_say(storm, HW_SUPERVISOR, &letter);
    }
}

void
disk_hear_close(struct storm *storm, const struct hw_letter *letter)
{
    struct link *link = storm->rows[letter->link];

    if (!storm->dead) {
        storm_tell(storm, "link %" PRIu32 ": its file is to be closed",
                   link->id);
        link->file.closing = true;
        link->file.left = letter->number;
        link->file.due_us = 0;
    }
}

// ---- weather of the disk ----

static void
strike(struct storm *storm)
{
    switch (storm_chance(storm, 3)) {
    case 0:
        storm->disk_full_until_us =
            storm_now_us(storm) + storm_chance(storm, FULL_MAX_MS * 1000);
        storm_tell(storm, "the disk is full until %.3f",
                   (double)storm->disk_full_until_us / 1000);
        break;
    case 1:
        disk.fatal = 1 + storm_chance(storm, WRITES_MAX);
        break;
    case 2:
        disk.dead = storm_once_in(storm, 3);
        break;
    default:
        break;
    }
    storm->disk_at_us =
        storm_now_us(storm) + storm_chance(storm, FAIR_MAX_MS * 1000);
}

void
disk_begin(struct storm *storm)
{
    storm->disks = storm_once_in(storm, 4);
    storm->disk_at_us =
        storm->disks
            ? storm_now_us(storm) + storm_chance(storm, FAIR_MAX_MS * 1000)
            : STORM_NEVER;
    disk.ours = disk.full = disk.dead = false;
    disk.fatal = 0;
}

void
disk_calm(struct storm *storm)
{
    storm->disk_at_us = STORM_NEVER;
    storm->disk_full_until_us = 0;
    disk.fatal = 0;
}

uint64_t
disk_next_us(const struct storm *storm)
{
    uint64_t next = storm->disk_at_us;

    for (unsigned row = 0; row < ROWS && storm->disks; row++) {
        const struct link *link = storm->rows[row];

        if (link != NULL && link->file.store != NULL &&
            link->file.due_us < next) {
            next = link->file.due_us;
        }
    }
    return next;
}

void
disk_turn(struct storm *storm)
{
    if (storm->disk_at_us <= storm_now_us(storm)) {
        strike(storm);
    }
    for (unsigned row = 0; row < ROWS && storm->disks && !disk.dead; row++) {
        struct link *link = storm->rows[row];

        if (link == NULL || link->file.store == NULL ||
            link->file.due_us > storm_now_us(storm)) {
            continue;
        }
        if (link->file.closing) {
            close_now(storm, link);
        } else {
            write_file(storm, link);
        }
    }
}

// ---- opening, and opening again ----

struct hw_batch *
disk_open(struct storm *storm, struct link *link)
{
    static const uint64_t sizes[] = { 64 * 1024, 256 * 1024, 4 * 1024 * 1024 };
    struct file *file = &link->file;
    char sentence[HW_SENTENCE_SIZE] = "", path[PATH_SIZE];
    struct hw_batch *loaded = NULL;

    path_of(link, path);
    if (file->max_bytes == 0) {
        (void)unlink(path); // of an earlier process with the same number
        file->max_bytes = sizes[storm_chance(storm, 2)];
        file->commit_us = storm_chance(storm, COMMIT_MAX_MS * 1000);
    }
    if (hw_store_open(path, file->max_bytes, &file->store, sentence) !=
            HAWSER_OK ||
        hw_store_load(file->store, &loaded, sentence) != HAWSER_OK) {
        storm_fault(storm, "link %" PRIu32 ": %s", link->id, sentence);
        return NULL;
    }
    file->next_key = hw_store_next_key(file->store);
    file->safe_key = file->next_key;
    file->due_us = STORM_NEVER;
    return loaded;
}

void
disk_let_go(struct link *link)
{
    if (link->file.store != NULL) {
        close_store(&link->file);
    }
}

// All of them, as when the process ends.
void
disk_end(struct storm *storm)
{
    for (uint32_t i = 0; i < storm->link_count; i++) {
        disk_let_go(&storm->links[i]);
    }
    disk.dead = false;
    disk.fatal = 0;
}

void
disk_remove(struct link *link)
{
    char path[PATH_SIZE];

    if (link->file.max_bytes != 0) {
        path_of(link, path);
        (void)unlink(path); // what is left is nobody's any more
    }
    free(link->file.gone);
    free(link->file.numbers);
}
