// serve_record.c - what a server read, in a file mapped by it and its parent.
#include "serve_record.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t
size_of(uint64_t capacity)
{
    return sizeof(struct record) + (size_t)capacity * sizeof(uint32_t);
}

static struct record *
map(int file, size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

    return at == MAP_FAILED ? NULL : at;
}

struct record *
record_new(const char *path, uint64_t capacity)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct record *record = NULL;

    if (file < 0) {
        return NULL;
    }
    if (ftruncate(file, (off_t)size_of(capacity)) == 0) {
        record = map(file, size_of(capacity));
    }
    if (record != NULL) {
        record->capacity = capacity;
    }
    (void)close(file); // the mapping stays
    return record;
}

struct record *
record_open(const char *path)
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    struct record *record = NULL;
    struct stat about;

    if (file < 0) {
        return NULL;
    }
    errno = EINVAL;
    if (fstat(file, &about) == 0 &&
        (size_t)about.st_size >= sizeof(struct record)) {
        record = map(file, (size_t)about.st_size);
    }
    if (record != NULL && size_of(record->capacity) > (size_t)about.st_size) {
        record_close(record);
        record = NULL;
    }
    (void)close(file); // the mapping stays
    return record;
}

void
record_close(struct record *record)
{
    if (record != NULL) {
        (void)munmap(record, size_of(record->capacity));
    }
}

void
record_note(struct record *record, uint64_t *last, bool *numbered,
            const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    size_t i = 0;

    while (i < size && i < 18 && bytes[i] >= '0' && bytes[i] <= '9') {
        number = number * 10 + (uint64_t)(bytes[i++] - '0');
    }
    if (i == 0 || number >= record->capacity) {
        record->strange++;
        return;
    }
    record->times[number]++;
    record->read++;
    if (*numbered && number != *last + 1) {
        record->disorder++;
    }
    *last = number;
    *numbered = true;
}
