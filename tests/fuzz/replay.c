// replay.c - feeds a kept corpus to a fuzz target, where libFuzzer is not.
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

// Each input stands in a block of its own size, so that a sanitizer sees a read
// past its end.
static int
replay(FILE *file)
{
    uint8_t *bytes = NULL;
    long size;
    int status = -1;

    if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 ||
        fseek(file, 0, SEEK_SET) != 0) {
        return -1;
    }
    bytes = malloc(size == 0 ? 1 : (size_t)size);
    if (bytes != NULL && fread(bytes, 1, (size_t)size, file) == (size_t)size) {
        (void)LLVMFuzzerTestOneInput(bytes, (size_t)size); // always 0
        status = 0;
    }
    free(bytes);
    return status;
}

static int
replay_path(const char *folder, const char *name)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file;
    int status;

    if (length < 0 || (size_t)length >= sizeof path) {
        return -1;
    }
    file = fopen(path, "rb");
    if (file == NULL) {
        return -1;
    }
    status = replay(file);
    (void)fclose(file); // was only read
    if (status != 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
    }
    return status;
}

int
main(int argc, char **argv)
{
    size_t count = 0;
    struct dirent *entry;
    DIR *folder;

    if (argc != 2 || (folder = opendir(argv[1])) == NULL) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 1;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (replay_path(argv[1], entry->d_name) != 0) {
            (void)closedir(folder); // was only read
            return 1;
        }
        count++;
    }
    (void)closedir(folder); // was only read
    printf("%zu inputs replayed\n", count);
    return count == 0 ? 1 : 0;
}
