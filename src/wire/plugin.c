// plugin.c - transports from shared objects: looked at before they are let in.
#include "wire/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hawser/transport.h>

#include "wire/schemes.h"

// ---- the file ----

// The loader runs what it opens, so a file that is none of its sort is refused
// before, and in plainer words than its own.
static hawser_status
check_file(const char *path, char *sentence, size_t size)
{
    static const char magic[4] = "\177ELF";
    char head[sizeof magic] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    bool is_object;

    if (fd < 0) {
        (void)snprintf(sentence, size, "%s", strerror(errno));
        return HAWSER_UNKNOWN;
    }
    is_object = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
                read(fd, head, sizeof head) == (ssize_t)sizeof head &&
                memcmp(head, magic, sizeof magic) == 0;
    (void)close(fd);
    if (!is_object) {
        (void)snprintf(sentence, size, "it is no shared object");
        return HAWSER_INVALID;
    }
    return HAWSER_OK;
}

// A name without a slash would be looked for where the system's libraries are.
static void *
open_object(const char *path)
{
    char *here;
    void *object;

    if (strchr(path, '/') != NULL) {
        return dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    if (asprintf(&here, "./%s", path) < 0) {
        return NULL;
    }
    object = dlopen(here, RTLD_NOW | RTLD_LOCAL);
    free(here);
    return object;
}

// The loader's sentences begin with the path.
static const char *
loaders_words(const char *path)
{
    const char *words = dlerror();
    const char *after;

    if (words == NULL) {
        return "out of memory";
    }
    after = strstr(words, path);
    if (after == NULL || strncmp(after + strlen(path), ": ", 2) != 0) {
        return words;
    }
    return after + strlen(path) + 2;
}

// ---- the transport ----

static const char *
missing_verb(const hawser_transport *transport)
{
    return transport->start == NULL    ? "start"
           : transport->stop == NULL   ? "stop"
           : transport->check == NULL  ? "check"
           : transport->dial == NULL   ? "dial"
           : transport->send == NULL   ? "send"
           : transport->listen == NULL ? "listen"
           : transport->close == NULL  ? "close"
                                       : NULL;
}

// The version comes first, and nothing behind it is read of another one.
static hawser_status
check_transport(const hawser_transport *transport, char *sentence, size_t size)
{
    const char *missing;

    if (transport == NULL) {
        (void)snprintf(sentence, size,
                       "it exports no " HAWSER_TRANSPORT_SYMBOL);
        return HAWSER_INVALID;
    }
    if (transport->abi != HAWSER_TRANSPORT_ABI) {
        (void)snprintf(sentence, size,
                       "it was made for version %u of transport.h, and this "
                       "Hawser has version %u",
                       transport->abi, HAWSER_TRANSPORT_ABI);
        return HAWSER_UNSUPPORTED;
    }
    missing = missing_verb(transport);
    if (missing != NULL) {
        (void)snprintf(sentence, size, "its transport has no verb %s", missing);
        return HAWSER_INVALID;
    }
    if (transport->schemes == NULL) {
        (void)snprintf(sentence, size, "it names no scheme");
        return HAWSER_INVALID;
    }
    return HAWSER_OK;
}

static hawser_status
load(const char *path, char *sentence, size_t size)
{
    hawser_status status = check_file(path, sentence, size);
    const hawser_transport *transport;
    void *object;

    if (status != HAWSER_OK) {
        return status;
    }
    object = open_object(path);
    if (object == NULL) {
        (void)snprintf(sentence, size, "%s", loaders_words(path));
        return HAWSER_INVALID;
    }
    transport = dlsym(object, HAWSER_TRANSPORT_SYMBOL);
    status = check_transport(transport, sentence, size);
    if (status == HAWSER_OK) {
        status = hw_scheme_add(transport, sentence, size);
    }
    if (status != HAWSER_OK) {
        (void)dlclose(object); // what it fails to let go of stays unused
    }
    return status;
}

hawser_status
hw_plugin_load(const char *path, char *sentence, size_t size)
{
    char why[256] = "";
    hawser_status status = load(path, why, sizeof why);

    if (status != HAWSER_OK) {
        (void)snprintf(sentence, size, "transport %.200s: %s", path,
                       why); // cut
    }
    return status;
}
