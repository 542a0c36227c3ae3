// template.c - URLs with a fresh name in them for every wire.
#include "template.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static pid_t owner;

static void
remove_folder(void)
{
    DIR *files = owner == getpid() ? opendir(folder) : NULL;
    const struct dirent *file;

    while (files != NULL && (file = readdir(files)) != NULL) {
        (void)unlinkat(dirfd(files), file->d_name, 0); // not "." and ".."
    }
    if (files != NULL) {
        (void)closedir(files);
        (void)rmdir(folder);
    }
}

static const char *
folder_of_process(void)
{
    if (owner != getpid()) {
        (void)snprintf(folder, sizeof folder, "/tmp/hawser-XXXXXX"); // fits
        if (mkdtemp(folder) == NULL || atexit(remove_folder) != 0) {
            perror("mkdtemp");
            abort();
        }
        owner = getpid();
    }
    return folder;
}

// The system gives no port twice until it has gone round.
static unsigned
free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("bind");
        abort();
    }
    (void)close(fd);
    return ntohs(address.sin_port);
}

void
template_fresh(struct template_values *values)
{
    static unsigned n;

    values->n = ++n;
    values->port = free_port();
}

void
template_fill(const char *text, const struct template_values *values, char *url,
              size_t size)
{
    size_t at = 0;

    while (*text != '\0' && at + 1 < size) {
        char value[80];
        size_t used = 1;

        if (strncmp(text, "{n}", 3) == 0) {
            used = 3;
            (void)snprintf(value, sizeof value, "%u", values->n); // fits
        } else if (strncmp(text, "{port}", 6) == 0) {
            used = 6;
            (void)snprintf(value, sizeof value, "%u", values->port); // fits
        } else if (strncmp(text, "{dir}", 5) == 0) {
            used = 5;
            (void)snprintf(value, sizeof value, "%s",
                           folder_of_process()); // fits
        } else {
            (void)snprintf(value, sizeof value, "%c", *text); // fits
        }
        text += used;
        at += (size_t)snprintf(url + at, size - at, "%s", value); // cut
    }
}
