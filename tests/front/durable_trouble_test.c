// durable_trouble_test.c - files that can't be used: each is refused with a
// sentence, none is touched, and what was accepted is not lost. HAWSER_SAY=1
// prints the sentences.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lives.h"

enum { FILE_MAX = 1 << 20 };

// ---- the file, byte by byte ----

static uint8_t bytes[FILE_MAX];

static size_t
read_file(void)
{
    FILE *file = fopen(spool_path(), "rb");
    size_t size;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size = fread(bytes, 1, sizeof bytes, file);
    CU_ASSERT_EQUAL(fclose(file), 0);
    return size;
}

static void
write_file(size_t size)
{
    FILE *file = fopen(spool_path(), "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static void
expect_unchanged(size_t size)
{
    static uint8_t before[FILE_MAX];

    memcpy(before, bytes, size);
    CU_ASSERT_EQUAL(read_file(), size);
    CU_ASSERT_EQUAL(memcmp(bytes, before, size), 0);
}

// A spool with this many numbers in it, closed. Its size.
static size_t
leave_spool(uint32_t count)
{
    struct life life = begin_life("");

    for (uint32_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(send_number(life.bus, life.link, i), HAWSER_OK);
    }
    end_life(&life);
    return read_file();
}

static void
expect_refused_and_left_alone(size_t size, hawser_status status,
                              const char *words)
{
    hawser_bus *bus = open_bus(NULL);

    write_file(size);
    expect_refused(bus, settings_with(""), status, words);
    close_bus(bus);
    expect_unchanged(size);
    forget_file();
}

// ---- the sentences ----

static void
a_truncated_file_is_refused(void)
{
    expect_refused_and_left_alone(leave_spool(2000) / 2, HAWSER_INVALID,
                                  "is cut short");
}

static void
a_foreign_file_is_refused(void)
{
    memcpy(bytes, "#!/bin/sh\necho not a spool\n", 27);
    expect_refused_and_left_alone(27, HAWSER_INVALID, "is no spool of Hawser");
}

static void
a_file_of_a_newer_version_is_refused(void)
{
    static const char title[] = "hawser spool";
    size_t size = leave_spool(3);

    for (size_t i = 0; i + sizeof title < size; i++) {
        if (memcmp(bytes + i, title, sizeof title) == 0) {
            bytes[i + sizeof title]++;
        }
    }
    expect_refused_and_left_alone(size, HAWSER_UNSUPPORTED,
                                  "was made by a newer version of Hawser");
}

static bool
open_and_keep(void)
{
    struct life life = begin_life("");

    return send_sync(&life, 0) == HAWSER_OK;
}

static void
a_file_that_another_process_has_is_refused(void)
{
    struct stranger stranger = begin_stranger(open_and_keep);
    hawser_bus *bus = open_bus(NULL);
    struct life life;

    expect_refused(bus, settings_with(""), HAWSER_SYSTEM,
                   "is in use: by another link, or another process");
    close_bus(bus);
    end_stranger(&stranger);
    life = begin_life("");
    expect_heard(&life, 0, 1);
    end_life(&life);
    forget_file();
}

// ---- what may not be written ----

// The system lets root do everything: so it is somebody else who tries.
static void
become_nobody(void)
{
    if (geteuid() == 0) {
        (void)!setgid(65534); // what matters is the next
        if (setuid(65534) != 0) {
            _exit(2);
        }
    }
}

static hawser_status expected;
static const char *expected_words;

static bool
is_refused(void)
{
    hawser_bus *bus = open_bus(NULL);
    unsigned failures = CU_get_number_of_failures();

    expect_refused(bus, settings_with(""), expected, expected_words);
    (void)fflush(stdout);
    close_bus(bus);
    return CU_get_number_of_failures() == failures;
}

static bool
is_refused_to_nobody(void)
{
    become_nobody();
    return is_refused();
}

static void
a_folder_that_may_not_be_written_is_refused(void)
{
    char folder[64];

    (void)snprintf(folder, sizeof folder, "%s", spool_path());
    *strrchr(folder, '/') = '\0';
    CU_ASSERT_EQUAL(chmod(folder, 0555), 0);
    expected = HAWSER_SYSTEM;
    expected_words = "can't be opened: Permission denied";
    CU_ASSERT_TRUE(in_another_process(is_refused_to_nobody));
    CU_ASSERT_EQUAL(access(spool_path(), F_OK), -1);
    CU_ASSERT_EQUAL(chmod(folder, 0700), 0);
}

static void
a_file_that_may_not_be_written_is_refused(void)
{
    char folder[64];
    size_t size = leave_spool(3);

    (void)snprintf(folder, sizeof folder, "%s", spool_path());
    *strrchr(folder, '/') = '\0';
    CU_ASSERT_EQUAL(chmod(folder, 0755), 0);
    CU_ASSERT_EQUAL(chmod(spool_path(), 0444), 0);
    expected = HAWSER_SYSTEM;
    expected_words = "can't be opened: Permission denied";
    CU_ASSERT_TRUE(in_another_process(is_refused_to_nobody));
    CU_ASSERT_EQUAL(chmod(folder, 0700), 0);
    expect_unchanged(size);
    forget_file();
}

// ---- mounts of our own ----

// A process of its own has mounts of its own, where the system allows that.
static bool
have_own_mounts(void)
{
    return unshare(geteuid() == 0 ? CLONE_NEWNS
                                  : CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool
mount_over_folder(const char *data, unsigned long flags)
{
    char folder[64];

    (void)snprintf(folder, sizeof folder, "%s", spool_path());
    *strrchr(folder, '/') = '\0';
    return mount("none", folder, "tmpfs", flags, data) == 0;
}

static bool
can_mount(void)
{
    return have_own_mounts() && mount_over_folder("size=1m", 0);
}

static bool
is_refused_by_a_file_system_for_reading(void)
{
    return have_own_mounts() && mount_over_folder("size=1m", MS_RDONLY) &&
           is_refused();
}

static void
a_file_system_for_reading_is_refused(void)
{
    if (!in_another_process(can_mount)) {
        fprintf(stderr, "\n    not tried: no mounts are allowed here\n");
        return;
    }
    expected = HAWSER_SYSTEM;
    expected_words = "can't be opened: Read-only file system";
    CU_ASSERT_TRUE(in_another_process(is_refused_by_a_file_system_for_reading));
}

// ---- a full disk ----

// True once such an event has come.
static bool
hear_trouble(struct life *life, const char *words)
{
    hawser_item item;
    bool found = false;

    while (!found && hear(life->bus, &item)) {
        found = item.kind == HAWSER_ITEM_EVENT &&
                item.event->kind == HAWSER_EVENT_SPOOL &&
                (words[0] == '\0' ? item.event->error[0] == '\0'
                                  : strstr(item.event->error, words) != NULL);
        if (found && words[0] != '\0' && getenv("HAWSER_SAY") != NULL) {
            printf("\n    event: %s", item.event->error);
        }
        hawser_item_drop(&item);
    }
    return found;
}

enum { LARGE = 1000 };

// With the number in front. TIMEOUT: it was taken, and the disk is slow, or
// takes nothing.
static hawser_status
send_large(struct life *life, uint32_t number)
{
    uint8_t text[LARGE] = { 0 };
    hawser_message *message = NULL;
    hawser_status status;

    memcpy(text, &number, sizeof number);
    (void)hawser_message_new(HAWSER_BINARY, text, sizeof text, &message);
    status = hawser_send_sync(life->bus, life->link, message, 0, 100);
    hawser_message_drop(message);
    return status;
}

static void
expect_large(struct life *life, uint32_t count)
{
    hawser_bus *bus = open_bus(NULL);
    hawser_link link = open_link(bus, life->url, NULL);
    hawser_item item;

    for (uint32_t i = 0; i < count && hear_message(bus, link, &item); i++) {
        CU_ASSERT_EQUAL(
            memcmp(hawser_message_bytes(item.message), &i, sizeof i), 0);
        CU_ASSERT_EQUAL(hawser_message_size(item.message), LARGE);
        hawser_item_drop(&item);
    }
    (void)until_settled(life->bus, life->link, count);
    close_bus(bus);
}

// Fills the disk by sending; free_space ends that. All that was accepted is
// there in the next life, in order.
static bool
get_over_a_full_disk(void (*free_space)(void), const char *words)
{
    unsigned failures = CU_get_number_of_failures();
    struct life life = begin_life("spool.commit=0ms");
    uint32_t count = 0;
    hawser_status status;

    do {
        status = send_large(&life, count);
        count += status == HAWSER_OK || status == HAWSER_TIMEOUT;
    } while (status == HAWSER_OK || status == HAWSER_TIMEOUT);
    CU_ASSERT_EQUAL(status, HAWSER_FULL);
    CU_ASSERT_TRUE(hear_trouble(&life, words));
    free_space();
    CU_ASSERT_TRUE(hear_trouble(&life, ""));
    CU_ASSERT_EQUAL(send_large(&life, count), HAWSER_OK);
    end_life(&life);
    life = begin_life("");
    CU_ASSERT_EQUAL(sum_of(life.bus, life.link).accepted, count + 1);
    expect_large(&life, count + 1);
    end_life(&life);
    (void)fflush(stdout);
    return CU_get_number_of_failures() == failures;
}

static void
allow_large_files(void)
{
    struct rlimit limit;

    (void)getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
}

// As a disk that is full answers, where nothing may be mounted.
static bool
get_over_a_limit_of_files(void)
{
    struct rlimit limit;

    (void)getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 256 << 10;
    return setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
           get_over_a_full_disk(allow_large_files, "File too large");
}

static void
a_limit_of_files_is_told_and_got_over(void)
{
    CU_ASSERT_TRUE(in_another_process(get_over_a_limit_of_files));
    forget_file();
}

static char ballast[96];

static void
throw_ballast(void)
{
    CU_ASSERT_EQUAL(unlink(ballast), 0);
}

static bool
take_ballast(size_t size)
{
    FILE *file;
    size_t written;

    (void)snprintf(ballast, sizeof ballast, "%s.ballast", spool_path());
    file = fopen(ballast, "wb");
    if (file == NULL) {
        return false;
    }
    (void)setvbuf(file, NULL, _IONBF, 0);
    written = fwrite(bytes, 1, size, file);
    return fclose(file) == 0 && written > 0;
}

static bool
get_over_a_full_file_system(void)
{
    return have_own_mounts() && mount_over_folder("size=1m", 0) &&
           take_ballast(512 << 10) &&
           get_over_a_full_disk(throw_ballast, "No space left on device");
}

// Not even a new file has room; what was begun is no wreck afterwards.
static bool
find_no_room_for_a_file(void)
{
    struct life life;
    bool refused;

    if (!have_own_mounts() || !mount_over_folder("size=8k", 0) ||
        !take_ballast(4 << 10)) {
        return false;
    }
    expected = HAWSER_FULL;
    expected_words = "No space left on device";
    refused = is_refused();
    throw_ballast();
    if (!refused || !mount_over_folder("size=1m", MS_REMOUNT)) {
        return false;
    }
    life = begin_life("");
    refused = send_sync(&life, 0) == HAWSER_OK;
    end_life(&life);
    return refused;
}

static void
a_full_disk_is_told_and_got_over(void)
{
    if (!in_another_process(can_mount)) {
        fprintf(stderr, "\n    not tried: no mounts are allowed here\n");
        return;
    }
    CU_ASSERT_TRUE(in_another_process(get_over_a_full_file_system));
    CU_ASSERT_TRUE(in_another_process(find_no_room_for_a_file));
}

static CU_TestInfo tests[] = {
    CHECK(a_full_disk_is_told_and_got_over),
    CHECK(a_limit_of_files_is_told_and_got_over),
    CHECK(a_folder_that_may_not_be_written_is_refused),
    CHECK(a_file_that_may_not_be_written_is_refused),
    CHECK(a_file_system_for_reading_is_refused),
    CHECK(a_truncated_file_is_refused),
    CHECK(a_foreign_file_is_refused),
    CHECK(a_file_of_a_newer_version_is_refused),
    CHECK(a_file_that_another_process_has_is_refused),
    CU_TEST_INFO_NULL,
};

LIVES_MAIN("durable trouble", tests)
